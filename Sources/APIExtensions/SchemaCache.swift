import Schema
import Synchronization

/// The compiled schemas of custom kinds, the most recently used ones up to a total size. A schema that was dropped is
/// compiled again when it is next needed; correctness never depends on what is here.
package final class SchemaCache: Sendable {
    private struct Entry {
        var compiled: VersionSchema.Compiled
        var lastUse: UInt64
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Counts uses, so that they have an order.
        var clock: UInt64 = 0
        /// The nodes of all entries.
        var nodeCount = 0

        mutating func drop(_ id: ObjectIdentifier) -> Entry? {
            guard let entry = entries.removeValue(forKey: id) else { return nil }
            nodeCount -= entry.compiled.definition.structural.nodeCount
            return entry
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: how many schema nodes may be held, at about 1 KB each. The most recently used schema is held
    ///   whatever its size.
    package init(limit: Int = 40_000) { self.limit = limit }

    /// The compiled form, if it is held.
    func use(_ schema: VersionSchema) -> VersionSchema.Compiled? {
        state.withLock { state in
            state.clock &+= 1
            let clock = state.clock
            let id = ObjectIdentifier(schema)
            state.entries[id]?.lastUse = clock
            return state.entries[id]?.compiled
        }
    }

    /// Holds a compiled form, in place of others if need be.
    package func insert(_ compiled: VersionSchema.Compiled, for schema: VersionSchema) {
        let id = ObjectIdentifier(schema)
        // What is dropped is released outside the lock, because a large tree takes a while.
        let dropped = state.withLock { state -> [Entry?] in
            var dropped = [state.drop(id)]
            let size = compiled.definition.structural.nodeCount
            while state.nodeCount + size > limit,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                dropped.append(state.drop(oldest.key))
            }
            state.clock &+= 1
            state.entries[id] = Entry(compiled: compiled, lastUse: state.clock)
            state.nodeCount += size
            return dropped
        }
        _ = dropped
    }

    /// Forgets a schema that goes away.
    package func remove(_ schema: VersionSchema) {
        let dropped = state.withLock { $0.drop(ObjectIdentifier(schema)) }
        _ = dropped
    }

    /// How many schema nodes are held.
    var nodeCount: Int { state.withLock { $0.nodeCount } }
}
