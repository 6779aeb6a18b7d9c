/// The credential of a request.
public struct RequestCredential: Sendable, Hashable {
    /// The token of `Authorization: Bearer`, or the value of `X-API-Key`.
    public var token: String?

    /// A credential with that token.
    public init(token: String?) { self.token = token }
}

/// What a request does in a namespace.
public enum RunAPIAction: Sendable, Hashable {
    /// Read runs, logs and queues.
    case read
    /// Submit, cancel, retry and delete runs.
    case write
    /// Requeue and purge dead letters.
    case administer
    /// Lease and report jobs of a pool.
    case work(pool: String)
}

/// Authenticates and authorizes requests.
public protocol RequestAuthorizer: Sendable {
    /// Authenticates the caller. Called before a request's body is read; authorization may depend on the body and is
    /// checked afterwards.
    ///
    /// - Throws: `Status` 401 for a credential that is not valid.
    func authenticate(_ credential: RequestCredential) async throws

    /// The name of the authenticated user; empty if the credential is not valid.
    func userName(of credential: RequestCredential) -> String

    /// Authorizes the caller for an action.
    ///
    /// - Throws: `Status`: 401 for a credential that is not valid, 403 if its owner may not do this.
    func authorize(_ credential: RequestCredential, to action: RunAPIAction, in namespace: String) async throws
}

extension RequestAuthorizer {
    public func userName(of credential: RequestCredential) -> String { "" }
}
