/// Which code points differ only in case: `k`, `K` and the sign for kelvin.
enum CaseFolding {
    /// The other code points of the same letter.
    static func others(of value: UInt32) -> [UInt32] {
        if value < 0x80, let group = groups[value] { return group }
        return value < 0x41 || value > last ? [] : groups[value] ?? []
    }

    /// Adds to the ranges what differs from their members only in case.
    static func folded(_ ranges: [ScalarSet.Range]) -> [ScalarSet.Range] {
        var result = ranges
        for range in ranges {
            var index = sortedKeys.partitioningIndex { $0 >= range.lowerBound }
            while index < sortedKeys.count, sortedKeys[index] <= range.upperBound {
                for other in groups[sortedKeys[index]] ?? [] where !range.contains(other) {
                    result.append(other...other)
                }
                index += 1
            }
        }
        return result
    }

    /// The last code point that has a case.
    private static let last: UInt32 = 0x1E943
    private static let sortedKeys: [UInt32] = groups.keys.sorted()

    /// For every letter with a case the others of its group, from the simple mappings of single code points.
    private static let groups: [UInt32: [UInt32]] = {
        var byLower: [UInt32: Set<UInt32>] = [:]
        for value in 0x41...last {
            guard let scalar = UnicodeScalar(value) else { continue }
            let properties = scalar.properties
            guard properties.isCased || properties.changesWhenCaseMapped else { continue }
            let upper = single(properties.uppercaseMapping) ?? value
            let root = UnicodeScalar(upper).flatMap { single($0.properties.lowercaseMapping) } ?? value
            let lower = single(properties.lowercaseMapping) ?? value
            let members: Set<UInt32> = [value, upper, lower, root]
            if members.count > 1 { byLower[root, default: []].formUnion(members) }
        }
        // These pairs have mappings to two characters, or in one direction only.
        for (key, member) in [(0xDF, 0x1E9E), (0x3B8, 0x3F4)] as [(UInt32, UInt32)] {
            byLower[key, default: [key]].insert(member)
        }
        var result: [UInt32: [UInt32]] = [:]
        for members in byLower.values {
            for member in members { result[member, default: []].append(contentsOf: members.filter { $0 != member }) }
        }
        // A capital I with a dot and a dotless i are letters of their own.
        for value in [0x130, 0x131] as [UInt32] { result[value] = nil }
        return result.mapValues { others in
            Array(Set(others.filter { $0 != 0x130 && $0 != 0x131 })).sorted()
        }.filter { !$0.value.isEmpty }
    }()

    private static func single(_ mapping: String) -> UInt32? {
        let scalars = mapping.unicodeScalars
        guard let first = scalars.first, scalars.count == 1 else { return nil }
        return first.value
    }
}

extension Array {
    /// The first index whose element satisfies a condition that holds for all elements from some point on.
    fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
