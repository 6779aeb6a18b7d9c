import APIMachinery

/// The autoscaler's conditions, calmed: measurements tremble, and a condition that trembles with them is a write every
/// few seconds that says nothing.
///
/// A reason that is worth noting shows at once. One that is less so, such as `DesiredWithinRange` after
/// `TooFewReplicas`, shows when the other has not been seen for `period`, or when the size has changed.
struct ScalingConditions: Sendable {
    /// How long a more notable reason holds.
    static let period = Duration.seconds(300)

    private struct Held: Sendable {
        var state: Autoscaler.State
        var seenAt: Timestamp
    }

    private var held: [String: Held] = [:]
    private var replicas: Int?

    /// Shows the states of one step. What is not among them is gone.
    mutating func show(
        _ states: [(type: String, state: Autoscaler.State?)],
        replicas: Int,
        isRescale: Bool,
        now: Timestamp
    ) -> [Condition] {
        let isNewSize = isRescale || self.replicas != replicas
        self.replicas = replicas
        return states.compactMap { type, state in
            guard let state else {
                held[type] = nil
                return nil
            }
            let shown = isNewSize ? state : calmed(type, state, now: now)
            held[type] = Held(state: shown, seenAt: shown == state ? now : held[type]?.seenAt ?? now)
            return Condition(
                type: type,
                status: shown.status ? "True" : "False",
                lastTransitionTime: now,
                reason: shown.reason,
                message: shown.message
            )
        }
    }

    private func calmed(_ type: String, _ state: Autoscaler.State, now: Timestamp) -> Autoscaler.State {
        guard let held = held[type], held.state != state, now < held.seenAt.advanced(by: Self.period) else {
            return state
        }
        // Whether metrics can be had at all is news either way; which of them won is not.
        if type == "ScalingActive" { return held.state.reason == state.reason ? held.state : state }
        return Self.rank(state) > Self.rank(held.state) ? state : held.state
    }

    private static func rank(_ state: Autoscaler.State) -> Int {
        switch state.reason {
        case "ScaleUpStabilized", "ScaleDownStabilized": 1
        case "TooFewReplicas", "TooManyReplicas", "ScaleUpLimit", "ScaleDownLimit": 1
        // The mark of a zero is never held back: it says whose zero it is.
        case "ScaledToZero", "NotScaledToZero": 2
        default: 0
        }
    }
}
