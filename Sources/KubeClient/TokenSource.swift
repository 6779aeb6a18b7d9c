import Basics
private import Synchronization

/// Supplies the `Authorization` header; reads a token's file again when it is a minute old, because service account
/// tokens are rotated long before they expire.
final class TokenSource: Sendable {
    private struct Cached {
        var header: String?
        var readAt: Duration?
    }

    private let authorization: ClientConfiguration.Authorization
    private let time: any TimeSource
    private let maximumAge = Duration.seconds(60)
    private let read: @Sendable (String) throws -> [UInt8]
    private let cached = Mutex(Cached())

    init(
        _ authorization: ClientConfiguration.Authorization,
        time: any TimeSource,
        read: @escaping @Sendable (String) throws -> [UInt8] = ClientConfiguration.readFile
    ) {
        self.authorization = authorization
        self.time = time
        self.read = read
    }

    /// The header's value; `nil` for anonymous requests.
    func header() -> String? {
        switch authorization {
        case .none: return nil
        case .bearer(let token): return "Bearer \(token)"
        case .basic(let username, let password):
            return "Basic \(Base64.encode(Array("\(username):\(password)".utf8)))"
        case .bearerFile(let path):
            let now = time.instant
            return cached.withLock { state in
                if let readAt = state.readAt, now - readAt < maximumAge { return state.header }
                // While the file cannot be read the old token is the best there is: it may still be valid.
                if let bytes = try? read(path) {
                    let token = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
                    state.header = token.isEmpty ? nil : "Bearer \(token)"
                }
                state.readAt = now
                return state.header
            }
        }
    }
}
