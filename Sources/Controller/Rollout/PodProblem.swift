import APIMachinery

/// What keeps a Pod from starting, in words that stay the same while the Pod goes through its back-off.
public struct PodProblem: Error, Sendable, Hashable {
    /// `CreateContainerConfigError`, `ImagePullBackOff`, `CrashLoopBackOff`, `Unschedulable` and their like.
    public var reason: String
    /// What is known besides, for people.
    public var message: String

    /// A problem for that reason.
    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}

extension RunnerPod {
    /// Restarts after which a Pod that is not ready counts as crashing over and over.
    static let crashBound = 2

    /// Reasons for which an image or a configuration cannot be had, and waiting does not help.
    private static let imageReasons: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
        "CreateContainerError",
    ]

    /// Whether it cannot start for want of its image or its configuration.
    var lacksImage: Bool { isActive && waitingReason.map(Self.imageReasons.contains) == true }

    /// Whether it starts and fails over and over.
    var isCrashLooping: Bool { isActive && waitingReason == "CrashLoopBackOff" && restarts >= Self.crashBound }

    /// What keeps it from starting; `nil` if it is ready, or may be soon.
    ///
    /// A container that crashes is waiting and running by turns, and an image that cannot be had is being pulled and
    /// waited for by turns: both are one problem.
    var problem: PodProblem? {
        guard isActive, !isReady else { return nil }
        if let waitingReason, lacksImage {
            let reason = waitingReason == "ErrImagePull" ? "ImagePullBackOff" : waitingReason
            // The message of the back-off says less than that of the pull, and the two take turns.
            let detail =
                reason == "ImagePullBackOff" ? image.map { "the image \($0) cannot be pulled" } : waitingMessage
            return PodProblem(reason: reason, message: "Pod \(name) cannot start" + (detail.map { ": \($0)" } ?? ""))
        }
        if waitingReason == "CrashLoopBackOff" || restarts >= Self.crashBound {
            let detail = lastTermination.map { "; its container ended with \($0)" } ?? ""
            return PodProblem(reason: "CrashLoopBackOff", message: "Pod \(name) keeps crashing\(detail)")
        }
        if let unschedulable {
            return PodProblem(reason: "Unschedulable", message: "Pod \(name) has no node: \(unschedulable)")
        }
        return nil
    }
}
