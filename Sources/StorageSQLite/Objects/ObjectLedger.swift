import Storage

/// What the store knows of its tables without asking them. Only the writer changes it, and only with a commit.
struct ObjectLedger: Sendable {
    /// The revision of the newest write.
    var revision: Int64
    /// The revision up to which history is gone.
    var compacted: Int64
    /// How many objects there are.
    var count: Int64 = 0
    /// The sum of the objects' checksums: a row that was lost or put back to an older state shows in it.
    var digest: Int64 = 0

    /// The bytes of all documents that are stored now.
    var live = 0
    /// The bytes that history takes.
    var history = 0
    /// The bytes written since upkeep last looked.
    var churn = 0
    /// Where a pass that moves objects together goes on, and where it ends.
    var moving: (next: Int64, end: Int64)?
    /// What such a pass achieved last: used by live bytes.
    var movedRatio = 1.0
    /// The bytes written since that pass began.
    var writtenSinceMove = 0

    /// What a row of history takes besides its documents.
    static let historyRow = 96

    /// The checksum over what the database keeps of the ledger.
    var seal: Int64 {
        var sum = Checksum()
        for number in [revision, compacted, count, digest] { sum.add(number) }
        return sum.value
    }
}
