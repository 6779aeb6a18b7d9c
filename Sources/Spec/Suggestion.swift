/// Finds the name that the author probably meant.
public enum Suggestion {
    /// The name nearest to the given one, if it is near enough to be meant: at most two changed letters, and at most
    /// half of them.
    public static func closest(to name: String, in names: some Sequence<String>) -> String? {
        let given = Array(name.lowercased().utf8.prefix(maximumLength))
        var best: (name: String, distance: Int)?
        for candidate in names where candidate != name {
            let distance = distance(given, Array(candidate.lowercased().utf8.prefix(maximumLength)))
            guard distance <= 2, distance * 2 <= given.count, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// A question to append to a message, such as `; did you mean "runs"?`; empty where nothing is near.
    public static func question(for name: String, in names: some Sequence<String>) -> String {
        closest(to: name, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Names are short; what is longer is compared by its beginning.
    private static let maximumLength = 64

    /// How many letters must be inserted, removed, replaced or exchanged with their neighbour.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                let replaced = rows[i][j] + (a[i] == b[j] ? 0 : 1)
                var least = min(replaced, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
