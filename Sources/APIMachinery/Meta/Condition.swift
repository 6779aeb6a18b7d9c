public import Basics

/// One aspect of an object's state (`metav1.Condition`): what holds, since when, and why.
public struct Condition: Sendable, Hashable, Codable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var observedGeneration: Int64?
    /// When `status` last changed.
    public var lastTransitionTime: Timestamp
    /// A word in CamelCase for programs.
    public var reason: String
    /// A sentence for people.
    public var message: String

    /// A condition that began to hold at that time.
    public init(
        type: String,
        status: String,
        observedGeneration: Int64? = nil,
        lastTransitionTime: Timestamp,
        reason: String,
        message: String
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

extension [Condition] {
    /// The condition of that type.
    public subscript(type: String) -> Condition? { first { $0.type == type } }

    /// Puts the condition in; the time of the last transition stays where the status stays.
    public mutating func set(_ condition: Condition) {
        guard let index = firstIndex(where: { $0.type == condition.type }) else {
            append(condition)
            return
        }
        var changed = condition
        if self[index].status == condition.status { changed.lastTransitionTime = self[index].lastTransitionTime }
        self[index] = changed
    }
}
