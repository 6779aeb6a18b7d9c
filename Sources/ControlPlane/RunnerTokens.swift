import Basics
import Crypto

/// The tokens of runners: each names its pool and is good for nothing else.
///
/// A token is `NAMESPACE/POOL.SEAL`; the seal is an HMAC of what stands before it, so no list of tokens is kept, and
/// a new secret makes all of them worthless.
struct RunnerTokens: Sendable {
    /// Whose runner somebody is.
    struct Pool: Sendable, Hashable {
        var namespace: String
        var name: String
    }

    private let key: SymmetricKey

    /// - Parameter secret: what only the plane knows.
    init(secret: String) { key = SymmetricKey(data: Array(secret.utf8)) }

    /// The token for the runners of a pool.
    func token(namespace: String, pool: String) -> String {
        let claim = "\(namespace)/\(pool)"
        return "\(claim).\(Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: key)))"
    }

    /// The pool of a token; `nil` if the token is not ours.
    func pool(of token: String) -> Pool? {
        guard let dot = token.lastIndex(of: ".") else { return nil }
        let claim = token[..<dot]
        let parts = claim.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let seal = Hexadecimal.bytes(token[token.index(after: dot)...]),
            seal.count == SHA256.byteCount,
            HMAC<SHA256>.isValidAuthenticationCode(seal, authenticating: Array(claim.utf8), using: key)
        else { return nil }
        return Pool(namespace: parts[0], name: parts[1])
    }
}
