import Basics

/// What kind of work is done on something. For reconciliations it is the controller's name.
public struct WorkKind: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    /// Planning a run or applying reports to it.
    public static let run: WorkKind = "run"
    /// Putting a quarantined run aside, which reads and writes its rows.
    public static let runRows: WorkKind = "run-rows"
    /// Leading a Pod through its life on the local node.
    public static let pod: WorkKind = "pod"
    /// Taking a Workflow over into the engine's catalog.
    public static let catalog: WorkKind = "catalog"
    /// Accepting runs of a Workflow.
    public static let submission: WorkKind = "submission"
    /// An API request that writes.
    public static let request: WorkKind = "request"
}

/// What is worked on: the unit that is put aside when working on it ends the process again and again.
public struct WorkSubject: Sendable, Hashable, CustomStringConvertible {
    public var kind: WorkKind
    /// Empty for what has none.
    public var namespace: String
    public var name: String
    /// Tells the object from others that had the name before or get it later; empty where it is not known.
    public var uid: String

    /// Work of that kind on the object of that name.
    public init(_ kind: WorkKind, namespace: String, name: String, uid: String = "") {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// A request, identified by a digest of all of it.
    ///
    /// - Parameter uri: path and query.
    public static func request(method: String, uri: String, body: some Collection<UInt8>) -> WorkSubject {
        var digest = Digest()
        digest.add(method.utf8)
        digest.add(uri.utf8)
        digest.add(body)
        // The path is for people; a long one must not push the digest out of the note's slot.
        return WorkSubject(.request, namespace: "", name: "\(method) \(uri.prefix(200)) #\(digest.text)")
    }

    /// Reads a key of the note: kind, namespace, name and, if it is known, uid, separated by NUL.
    init?(key: some Collection<UInt8>) {
        let parts = key.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, !parts[0].isEmpty, !parts[2].isEmpty else { return nil }
        kind = WorkKind(rawValue: String(decoding: parts[0], as: UTF8.self))
        namespace = String(decoding: parts[1], as: UTF8.self)
        name = String(decoding: parts[2], as: UTF8.self)
        uid = parts.count > 3 ? String(decoding: parts[3], as: UTF8.self) : ""
    }

    /// A name of the subject that is a valid object name, and the same in every process.
    public var id: String {
        var digest = Digest()
        digest.add(namespace.utf8)
        digest.add(name.utf8)
        if !uid.isEmpty { digest.add(uid.utf8) }
        return "\(kind.rawValue)-\(digest.text)"
    }

    /// Whether this is work of that kind on an object of that name; of that object, if both uids are known.
    func concerns(_ kind: WorkKind, _ namespace: String, _ name: String, _ uid: String) -> Bool {
        self.kind == kind && self.namespace == namespace && self.name == name
            && (self.uid == uid || self.uid.isEmpty || uid.isEmpty)
    }

    /// For people: `workerpool default/p`.
    public var description: String { "\(kind.rawValue) \(namespace.isEmpty ? "" : namespace + "/")\(name)" }
}

/// A 64-bit digest (FNV-1a over words of eight bytes): it distinguishes requests, and is not meant to keep a secret.
private struct Digest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Collection<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { mix(UnsafeRawBufferPointer($0)) }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { mix($0) } }
    }

    private mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        var hash = state
        let prime: UInt64 = 0x0000_0100_0000_01B3
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* prime
            // Multiplication carries upwards only.
            hash ^= hash >> 29
            offset += 8
        }
        while offset < bytes.count {
            hash = (hash ^ UInt64(bytes[offset])) &* prime
            offset += 1
        }
        // The length, so that what follows cannot be taken for a part of this.
        state = (hash ^ UInt64(bytes.count)) &* prime
    }

    var text: String { Hexadecimal.text(state ^ state >> 32, width: 16) }
}
