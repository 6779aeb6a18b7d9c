import Spec
import Testing

@Suite struct SuggestionTests {
    @Test(
        "The nearest name is proposed, if it is near",
        arguments: [
            ("runz", "runs"), ("rollbak", "rollback"), ("fetch-dta", "fetch-data"), ("sacle", "scale"), ("xyz", nil),
            ("", nil), ("run", "runs"),
        ] as [(String, String?)]
    )
    func closest(_ name: String, _ expected: String?) {
        #expect(Suggestion.closest(to: name, in: ["runs", "rollback", "fetch-data", "scale"]) == expected)
    }
}
