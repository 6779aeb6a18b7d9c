/// What a caller shows to prove who it is.
public struct RequestCredential: Sendable, Hashable {
    /// The token of `Authorization: Bearer`, or the value of `X-API-Key`.
    public var token: String?

    /// That token, or none.
    public init(token: String?) { self.token = token }
}

/// What a caller of the HTTP API wants to do in a namespace.
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

/// Decides who may do what over HTTP.
public protocol RequestAuthorizer: Sendable {
    /// Lets in whoever proves to be somebody. Asked before anything of a request's body is read; what the caller may
    /// do can depend on the body, and is asked afterwards.
    ///
    /// - Throws: `Status` 401 if the credential proves nothing.
    func authenticate(_ credential: RequestCredential) async throws

    /// The name of the credential's owner; empty if it proves nothing.
    func userName(of credential: RequestCredential) -> String

    /// Lets the call pass, or not.
    ///
    /// - Throws: `Status`: 401 if the credential proves nothing, 403 if its owner may not do this.
    func authorize(_ credential: RequestCredential, to action: RunAPIAction, in namespace: String) async throws
}

extension RequestAuthorizer {
    public func userName(of credential: RequestCredential) -> String { "" }
}
