import APIMachinery
public import Spec
public import Storage
import Synchronization

/// The current Workflows and WorkerPools, against which submissions are checked. The part of the plane that watches the
/// Kubernetes API keeps it up to date; the engine itself has no client.
public final class WorkflowCatalog: Sendable {
    /// A Workflow's current revision.
    public struct Entry: Sendable {
        public var spec: WorkflowSpec
        /// The specification as canonical JSON.
        public var bytes: [UInt8]
        /// Its hash.
        public var revision: String
    }

    private struct State {
        var workflows: [NamespacedName: Entry] = [:]
        var pools: [QueueName: QueuePolicy] = [:]
        /// Grows when a pool comes or goes.
        var poolGeneration = 0
    }

    private let state = Mutex(State())

    /// An empty catalog.
    public init() {}

    /// Sets the specification that new runs of the workflow use.
    ///
    /// - Returns: the revision's hash.
    /// - Throws: `EncodingError`, which a specification that came from the API never causes.
    @discardableResult
    public func setWorkflow(namespace: String, name: String, spec: WorkflowSpec) throws -> String {
        let bytes = try JSONValueEncoder().encode(spec).bytes
        let entry = Entry(spec: spec, bytes: bytes, revision: WorkflowRevision.hash(bytes))
        state.withLock { $0.workflows[NamespacedName(namespace: namespace, name: name)] = entry }
        return entry.revision
    }

    /// Removes a workflow: no more runs of it are accepted. Existing runs continue.
    public func removeWorkflow(namespace: String, name: String) {
        state.withLock { _ = $0.workflows.removeValue(forKey: NamespacedName(namespace: namespace, name: name)) }
    }

    /// The workflow's current revision.
    public func workflow(namespace: String, name: String) -> Entry? {
        state.withLock { $0.workflows[NamespacedName(namespace: namespace, name: name)] }
    }

    /// Sets the bounds of a pool's queue.
    public func setPool(namespace: String, name: String, queue: QueueSpec?) {
        state.withLock { state in
            let old = state.pools.updateValue(QueuePolicy(queue), forKey: QueueName(namespace: namespace, pool: name))
            if old == nil { state.poolGeneration &+= 1 }
        }
    }

    /// Removes a pool. Its queue keeps its jobs, with the default bounds.
    public func removePool(namespace: String, name: String) {
        state.withLock { state in
            let old = state.pools.removeValue(forKey: QueueName(namespace: namespace, pool: name))
            if old != nil { state.poolGeneration &+= 1 }
        }
    }

    /// The bounds of a queue; the defaults if its pool does not exist.
    public func policy(_ queue: QueueName) -> QueuePolicy {
        state.withLock { $0.pools[queue] } ?? QueuePolicy(nil)
    }

    /// Whether there is a pool with that queue.
    public func hasPool(_ queue: QueueName) -> Bool { state.withLock { $0.pools[queue] != nil } }

    /// A number that changes when a pool is created or deleted.
    var poolGeneration: Int { state.withLock { $0.poolGeneration } }

    /// The queues of all pools.
    public var pools: [QueueName] { state.withLock { Array($0.pools.keys) } }
}

/// The bounds of a queue with their defaults filled in.
public struct QueuePolicy: Sendable, Hashable {
    /// Jobs that may wait before submissions are rejected.
    public var maxDepth: Int
    /// The lowest priority whose jobs take the express lane.
    public var expressPriority: Int
    /// How long a lease lasts without a renewal.
    public var leaseSeconds: Int
    /// How often a job is delivered before it becomes a dead letter.
    public var maxDeliveries: Int

    /// Reads a pool's specification.
    public init(_ spec: QueueSpec?) {
        maxDepth = (spec?.maxDepth ?? 10000).held(to: Bounds.queueDepth)
        expressPriority = spec?.expressPriority ?? 12
        leaseSeconds = (spec?.visibilityTimeoutSeconds ?? 30).held(to: Bounds.leaseSeconds)
        maxDeliveries = (spec?.maxDeliveries ?? 3).held(to: Bounds.deliveries)
    }
}

/// Names specifications by their content.
public enum WorkflowRevision {
    /// A hash of 128 bits as 32 hexadecimal digits: two FNV-1a hashes with different starting values.
    ///
    /// It identifies revisions but is not collision-resistant; the engine also compares the bytes.
    public static func hash(_ bytes: [UInt8]) -> String {
        var first: UInt64 = 0xCBF2_9CE4_8422_2325
        var second: UInt64 = 0x9AE1_6A3B_2F90_404F
        for byte in bytes {
            first = (first ^ UInt64(byte)) &* 0x100_0000_01B3
            second = (second ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return Hexadecimal.text(first, width: 16) + Hexadecimal.text(second, width: 16)
    }
}
