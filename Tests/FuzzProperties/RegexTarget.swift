import APIMachinery
import Expressions
import TestSupport

extension FuzzTarget {
    /// Regular expressions: the pattern in the first line, the text behind it.
    static let regex = FuzzTarget(
        name: "regex",
        seeds: {
            [
                seed("[0-9]+(a|b)*?c{2,3}", "12abcc"), seed("(?i)^k\\d\\pL\\x{17F}$", "K1éſ"),
                seed("(?s-m:.*)\\bfoo\\B", "a\nfoo_"),
                seed("[[:alpha:]&&\\w^-]|\\Qa.b\\E", "a.b"), seed("(?P<n>x*)*y|z+?", "xxxxxxxxxxxx"),
                seed("((a{100}){10}|b)*", "aaab"),
                seed("[^\\P{Greek}\\d]\\z", "αβγ"), seed("()|[a-z]??(?:)", "aé😀"),
                seed("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "example.com"),
            ]
        },
        check: { bytes in
            let lines = parts(bytes, 2)
            let subject = decoded(lines[1])
            guard let expression = try? RegularExpression(decoded(lines[0])) else { return }
            let matches = expression.matches(subject)
            let first = expression.firstMatch(in: subject)
            try expect((first != nil) == matches, "a match is found, or not")
            let all = expression.allMatches(in: subject, limit: 50)
            try expect(all.first == first, "the first of all matches is not the first match")
            for match in all {
                try expect(contains(subject, match), "\(match) is not in \(subject)")
            }
            // What matches somewhere does so when anything may stand around it.
            if let wider = try? RegularExpression("(?s:.*)(?:\(expression.pattern))"), matches,
                !expression.pattern.contains("\\E"), !expression.pattern.contains("\\Q")
            {
                try expect(wider.matches(subject), "\(wider.pattern) does not match, though its end does")
            }
        }
    )

    private static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
