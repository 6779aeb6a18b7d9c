/// What somebody showed who is nobody we know.
package struct AuthenticationFailure: Error, Sendable {
    /// `bearer`, `x509`, `basic`.
    var attempted: [String]

    /// As the audit log says it.
    package var message: String {
        attempted.isEmpty
            ? "Authentication failed, no credentials provided"
            : "Authentication failed, attempted: \(attempted.joined(separator: ", "))"
    }
}
