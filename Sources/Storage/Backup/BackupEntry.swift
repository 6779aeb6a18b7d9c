/// One thing in a backup: a line of its file.
public enum BackupEntry: Sendable, Hashable {
    /// An object as it was stored, byte for byte.
    case object(ObjectKey, revision: Int64, bytes: [UInt8])
    /// A workflow's specification that runs keep to, by its hash.
    case workflowRevision(hash: String, spec: [UInt8])
    /// A run with its steps, logs and jobs: what ``RunArchive`` writes.
    case run([UInt8])
    /// The small file of that name which stands for an image.
    case image(name: String, bytes: [UInt8])

    /// Words separated by tabs, the last of them any bytes but a line feed.
    var line: [UInt8] {
        switch self {
        case .object(let key, let revision, let bytes):
            Array("object\t\(key.resource)\t\(key.path)\t\(revision)\t".utf8) + bytes
        case .workflowRevision(let hash, let spec): Array("workflow\t\(hash)\t".utf8) + spec
        case .run(let json): Array("run\t".utf8) + json
        case .image(let name, let bytes): Array("image\t\(name)\t".utf8) + bytes
        }
    }

    /// Reads what `line` writes; `nil` if it is something else.
    init?(line: [UInt8]) {
        func words(_ count: Int) -> [ArraySlice<UInt8>]? {
            let words = line.split(separator: UInt8(ascii: "\t"), maxSplits: count, omittingEmptySubsequences: false)
            return words.count == count + 1 ? words : nil
        }
        func text(_ word: ArraySlice<UInt8>) -> String { String(decoding: word, as: UTF8.self) }
        switch line.prefix(while: { $0 != UInt8(ascii: "\t") }) {
        case let kind where kind.elementsEqual("object".utf8):
            guard let words = words(4), let revision = Int64(text(words[3])) else { return nil }
            self = .object(
                ObjectKey(resource: text(words[1]), path: text(words[2])),
                revision: revision,
                bytes: Array(words[4])
            )
        case let kind where kind.elementsEqual("workflow".utf8):
            guard let words = words(2) else { return nil }
            self = .workflowRevision(hash: text(words[1]), spec: Array(words[2]))
        case let kind where kind.elementsEqual("run".utf8):
            guard let words = words(1) else { return nil }
            self = .run(Array(words[1]))
        case let kind where kind.elementsEqual("image".utf8):
            guard let words = words(2) else { return nil }
            self = .image(name: text(words[1]), bytes: Array(words[2]))
        default: return nil
        }
    }
}

/// Why a backup was not made, or not used.
public struct BackupError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public let description: String

    /// An error with a message for people.
    public init(_ description: String) { self.description = description }
}

/// What a restoration does to one kind of thing.
public struct RestoreCount: Sendable, Hashable {
    /// The resource, `plural.group`.
    public var resource: String
    public var created = 0
    public var updated = 0
    public var deleted = 0
    public var unchanged = 0

    /// Nothing yet.
    public init(resource: String) { self.resource = resource }

    /// Whether anything becomes different.
    public var isChange: Bool { created + updated + deleted > 0 }
}

/// A part of a plane's state that can be put into a backup and back.
public protocol BackupPart: Sendable {
    /// Writes one consistent state of the part while others go on changing it.
    func write(to writer: BackupWriter) async throws

    /// Makes the part what it is in the backup, as a whole or not at all; done twice, the second time changes nothing.
    ///
    /// - Parameter isDryRun: whether to count only what would change.
    func restore(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount]
}
