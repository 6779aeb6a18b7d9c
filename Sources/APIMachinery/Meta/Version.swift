/// The version of all of Martinet's programs, which are released together.
public enum Version {
    /// As in `martinet/agent-runner:VERSION`.
    public static let text = "0.5.0"
}
