/// How much a store may keep beside what is stored now: the rule that keeps a database below twice its live data.
///
/// All figures are bytes. *Live* is the documents of the objects that exist; *used* is what the database takes,
/// history, indexes and half-empty pages included.
public enum StorageBudget {
    /// Databases up to this size are left alone, so that small ones let watches resume too.
    static let smallFile = 1 << 20
    /// History that is kept however little is live, as far as ``smallFile`` has room for it.
    static let smallHistory = 512 << 10
    /// History that is kept however badly the objects fill their pages.
    static let leastHistory = 64 << 10
    /// What tables and indexes take when they are empty, roughly.
    static let overhead = 256 << 10

    /// The most that a database with so much live data should take. Below twice, as free pages come on top.
    public static func fileLimit(live: Int) -> Int { max(smallFile, live / 5 * 9) }

    /// How much of the history may stay.
    public static func history(live: Int, used: Int, history: Int) -> Int {
        let share = max(smallHistory, live / 2)
        let room = history + fileLimit(live: live) - used
        return max(max(leastHistory, live / 32), min(share, room))
    }

    /// Whether the objects lie in pages so empty that moving them together pays.
    ///
    /// - Parameters:
    ///   - reached: the ratio of used to live bytes after they were last moved: some sizes of objects fill pages
    ///     badly wherever they lie, and moving them again would not help.
    ///   - written: the bytes written since then. Moving everything costs as much as writing it.
    public static func isWasteful(live: Int, used: Int, history: Int, reached: Double, written: Int) -> Bool {
        let ratio = ratio(live: live, used: used, history: history)
        guard ratio > 1.35, written >= live / 4 else { return false }
        return ratio > reached * 1.1 || written / 4 >= live
    }

    /// The ratio of what the objects take to what they hold.
    public static func ratio(live: Int, used: Int, history: Int) -> Double {
        Double(max(0, used - history / 8 * 9 - overhead)) / Double(max(1, live))
    }
}
