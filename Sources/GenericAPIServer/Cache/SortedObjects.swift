import APIMachinery

/// Objects ordered by the bytes of their paths.
///
/// A list of short lists: a change copies one of them at most, so that a copy of the whole, which a list request
/// works on while writes go on, costs next to nothing.
package struct SortedObjects: Sendable {
    private static let chunkLimit = 256
    private var chunks: [[CachedObject]] = []
    package private(set) var count = 0

    package init() {}

    /// Takes objects that are sorted already.
    package init(sorted objects: [CachedObject]) {
        count = objects.count
        var start = 0
        while start < objects.count {
            let end = min(start + Self.chunkLimit / 2, objects.count)
            chunks.append(Array(objects[start..<end]))
            start = end
        }
    }

    /// The object at that path.
    package subscript(path: String) -> CachedObject? {
        guard let (chunk, offset, isFound) = position(of: path), isFound else { return nil }
        return chunks[chunk][offset]
    }

    /// Puts the object in its place and returns the one that was there.
    @discardableResult
    package mutating func update(_ object: CachedObject) -> CachedObject? {
        guard let (chunk, offset, isFound) = position(of: object.path) else {
            chunks.append([object])
            count += 1
            return nil
        }
        if isFound {
            let old = chunks[chunk][offset]
            chunks[chunk][offset] = object
            return old
        }
        chunks[chunk].insert(object, at: offset)
        count += 1
        if chunks[chunk].count > Self.chunkLimit {
            let half = chunks[chunk].count / 2
            let rest = Array(chunks[chunk][half...])
            chunks[chunk].removeSubrange(half...)
            chunks.insert(rest, at: chunk + 1)
        }
        return nil
    }

    /// Takes the object at that path out and returns it.
    @discardableResult
    package mutating func remove(_ path: String) -> CachedObject? {
        guard let (chunk, offset, isFound) = position(of: path), isFound else { return nil }
        let old = chunks[chunk].remove(at: offset)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
        count -= 1
        return old
    }

    /// Calls `body` with every object from the first whose path is at or after `start`, until it returns false.
    package func forEach<Failure: Error>(
        from start: String = "",
        _ body: (CachedObject) throws(Failure) -> Bool
    ) throws(Failure) {
        guard var (chunk, offset, _) = position(of: start) else { return }
        while chunk < chunks.count {
            while offset < chunks[chunk].count {
                guard try body(chunks[chunk][offset]) else { return }
                offset += 1
            }
            chunk += 1
            offset = 0
        }
    }

    /// The number of chunks; see ``chunk(_:)``.
    var chunkCount: Int { chunks.count }

    /// One of the short lists, for those who take a break between them.
    package func chunk(_ index: Int) -> [CachedObject] { chunks[index] }

    /// How many objects come before that path.
    func rank(of path: String) -> Int {
        guard let (chunk, offset, _) = position(of: path) else { return 0 }
        return chunks[..<chunk].reduce(offset) { $0 + $1.count }
    }

    /// Where the path is or belongs; `nil` while there is no chunk at all.
    private func position(of path: String) -> (chunk: Int, offset: Int, isFound: Bool)? {
        guard !chunks.isEmpty else { return nil }
        // The last chunk that begins at or before the path.
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle][0].path.compareBytes(to: path) <= 0 { low = middle + 1 } else { high = middle }
        }
        let chunk = max(low - 1, 0)
        low = 0
        high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            let order = chunks[chunk][middle].path.compareBytes(to: path)
            if order == 0 { return (chunk, middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (chunk, low, false)
    }
}
