import APIMachinery
import Metrics
import RunAPI

/// Who may use the HTTP port: an administrator everything, a runner the protocol of its own pool.
struct TokenAuthorizer: RequestAuthorizer, CustomStringConvertible {
    /// Debug logs of the service lifecycle show services with everything in them; tokens must not be there.
    var description: String { "TokenAuthorizer" }

    private let administrator: [UInt8]
    private let runners: RunnerTokens
    private let failures = Counter(label: "martinet_authentication_failures_total")
    private let denials = Counter(label: "martinet_permission_denials_total")

    init(administrator: String, runners: RunnerTokens) {
        self.administrator = Array(administrator.utf8)
        self.runners = runners
        // Present from the start, so that a rate over the first failure is seen.
        failures.increment(by: 0)
        denials.increment(by: 0)
    }

    func authenticate(_ credential: RequestCredential) async throws {
        let token = credential.token ?? ""
        if Self.equal(Array(token.utf8), administrator) || runners.pool(of: token) != nil { return }
        throw unauthorized()
    }

    /// The names that the API server knows the owners of these tokens by.
    func userName(of credential: RequestCredential) -> String {
        let token = credential.token ?? ""
        if Self.equal(Array(token.utf8), administrator) { return "admin" }
        return runners.pool(of: token).map { "pool:\($0.namespace)/\($0.name)" } ?? ""
    }

    func authorize(_ credential: RequestCredential, to action: RunAPIAction, in namespace: String) async throws {
        let token = credential.token ?? ""
        if Self.equal(Array(token.utf8), administrator) { return }
        guard let own = runners.pool(of: token) else {
            throw unauthorized()
        }
        if case .work(let pool) = action, own == RunnerTokens.Pool(namespace: namespace, name: pool) { return }
        denials.increment()
        throw Status.forbidden(
            GroupResource(group: "runs.martinet.dev", resource: "workflowruns"),
            name: "",
            "a runner's token is valid only for /agents/v1 of its own pool, \(own.namespace)/\(own.name)"
        )
    }

    private func unauthorized() -> Status {
        failures.increment()
        return Status.unauthorized(
            "Unauthorized: send the token of the data directory's file `token` as `Authorization: Bearer …` or `X-API-Key`"
        )
    }

    /// Compares without telling by its duration how much of a guess was right.
    private static func equal(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        guard !expected.isEmpty, given.count == expected.count else { return false }
        var difference: UInt8 = 0
        for index in given.indices { difference |= given[index] ^ expected[index] }
        return difference == 0
    }
}
