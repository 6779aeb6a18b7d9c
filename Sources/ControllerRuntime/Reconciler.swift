public import APIMachinery

/// What is to be reconciled: an object's name, never an event or a version of it.
public typealias Request = NamespacedName

/// Brings one object's actual state to its spec.
///
/// Called with a name, never with a change: read wanted and observed state, take a step that brings them closer, and
/// be right if the step before was half done or is done again. Never called for the same name twice at once.
///
/// Throwing retries after a pause that grows with each failure; throwing `TerminalError` waits for the next change.
public protocol Reconciler: Sendable {
    func reconcile(_ request: Request) async throws -> Reconciliation
}

/// What follows from a successful reconciliation.
public enum Reconciliation: Sendable, Equatable {
    /// Nothing, until something changes.
    case done
    /// Another look after that time, even if nothing changes.
    case requeue(after: Duration)
}

/// A failure that trying again cannot mend: only a change of the object can.
public struct TerminalError: Error, Sendable, CustomStringConvertible {
    public var message: String
    public var cause: (any Error)?

    /// A failure that is not retried.
    public init(_ message: String, cause: (any Error)? = nil) {
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

/// A reconciler made of a closure.
public struct ClosureReconciler: Reconciler {
    private let body: @Sendable (Request) async throws -> Reconciliation

    /// A reconciler that does what the closure does.
    public init(_ body: @escaping @Sendable (Request) async throws -> Reconciliation) { self.body = body }

    public func reconcile(_ request: Request) async throws -> Reconciliation { try await body(request) }
}
