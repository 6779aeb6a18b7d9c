import APIMachinery
import RunAPI
import Testing

@testable import ControlPlane

/// What a runner's token is good for.
@Suite struct RunnerTokenTests {
    private static let tokens = RunnerTokens(secret: "secret")

    @Test("A token names its pool; nothing else does")
    func pools() {
        let token = Self.tokens.token(namespace: "team", pool: "a.b")
        #expect(Self.tokens.pool(of: token) == RunnerTokens.Pool(namespace: "team", name: "a.b"))
        #expect(token == Self.tokens.token(namespace: "team", pool: "a.b"), "the same after a restart")
        let other = token.replacing("team/a.b", with: "team/a.c")
        for wrong in ["", ".", "team/a.b", String(token.dropLast()), token + "0", other, "x" + token] {
            #expect(Self.tokens.pool(of: wrong) == nil)
        }
        #expect(RunnerTokens(secret: "other").pool(of: token) == nil)
    }

    @Test(
        "Each token is good for its own",
        arguments: [
            ("admin", RunAPIAction.write, "team", 200), ("admin", .administer, "team", 200),
            ("admin", .work(pool: "a"), "team", 200), ("a", .work(pool: "a"), "team", 200),
            ("a", .work(pool: "b"), "team", 403), ("a", .work(pool: "a"), "other", 403), ("a", .read, "team", 403),
            ("a", .write, "team", 403), ("a", .administer, "team", 403), ("nonsense", .read, "team", 401),
            (nil, .work(pool: "a"), "team", 401),
        ] as [(String?, RunAPIAction, String, Int)]
    )
    func authorizer(who: String?, action: RunAPIAction, namespace: String, code: Int) async throws {
        let authorizer = TokenAuthorizer(administrator: "admin", runners: Self.tokens)
        let token = who == "a" ? Self.tokens.token(namespace: "team", pool: "a") : who
        var answer = 200
        do {
            try await authorizer.authorize(RequestCredential(token: token), to: action, in: namespace)
        } catch let status as Status {
            answer = status.code
        }
        #expect(answer == code)
    }

    @Test func noTokenIsShownWhereAServiceIsLogged() {
        struct Holder { var authorizer: TokenAuthorizer }
        let token = "admin-token"
        let shown = "\(Holder(authorizer: TokenAuthorizer(administrator: token, runners: Self.tokens)))"
        #expect(!shown.contains(token) && !shown.contains("\(Array(token.utf8))"))
    }
}
