import Basics
import Synchronization

/// Documents that are costly to make, each of them valid while its part of the registry stays as it is. Bytes are held
/// up to a total size; hashes, which clients ask for far more often, always.
final class DocumentCache: Sendable {
    /// A document, or what is left of it.
    private struct Entry {
        var generation: Int
        var hash: String
        var bytes: [UInt8]?
        var lastUse: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var clock: UInt64 = 0
        var byteCount = 0

        mutating func drop(_ key: String) {
            byteCount -= entries[key]?.bytes?.count ?? 0
            entries[key]?.bytes = nil
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: how many bytes may be held. The document used last is held whatever its size.
    init(limit: Int = 8 << 20) { self.limit = limit }

    /// The document of that generation; made if it is not held.
    func bytes(_ key: String, generation: Int, _ make: () -> [UInt8]) -> (bytes: [UInt8], hash: String) {
        let held = state.withLock { state -> (bytes: [UInt8], hash: String)? in
            guard let entry = state.entries[key], entry.generation == generation, let bytes = entry.bytes else {
                return nil
            }
            state.clock &+= 1
            state.entries[key]?.lastUse = state.clock
            return (bytes, entry.hash)
        }
        if let held { return held }
        let bytes = make()
        let hash = Self.hash(bytes)
        state.withLock { state in
            // Another request may have made a newer one meanwhile.
            if let entry = state.entries[key], entry.generation > generation { return }
            state.drop(key)
            while state.byteCount + bytes.count > limit,
                let oldest = state.entries.filter({ $0.value.bytes != nil }).min(by: {
                    $0.value.lastUse < $1.value.lastUse
                })
            {
                state.drop(oldest.key)
            }
            state.clock &+= 1
            state.entries[key] = Entry(generation: generation, hash: hash, bytes: bytes, lastUse: state.clock)
            state.byteCount += bytes.count
        }
        return (bytes, hash)
    }

    /// The hash of the document of that generation, without the document if possible.
    func hash(_ key: String, generation: Int, _ make: () -> [UInt8]) -> String {
        let held = state.withLock { state in
            state.entries[key].flatMap { $0.generation == generation ? $0.hash : nil }
        }
        return held ?? bytes(key, generation: generation, make).hash
    }

    /// A text that is another one for another document (FNV-1a).
    static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Hexadecimal.text(hash, width: 16, uppercase: true)
    }
}
