import Testing

@testable import Observability

@Suite("Names, labels and numbers of the text format")
struct MetricNameTests {
    @Test(
        "Labels of swift-metrics become legal metric names",
        arguments: [
            ("martinet_runs", "martinet_runs"), ("http.server.requests", "http_server_requests"),
            ("2xx", "_2xx"), ("a:b", "a:b"), ("", "_"), ("größe", "gr__e"), ("a-b c", "a_b_c"),
        ]
    )
    func metric(_ label: String, _ want: String) { #expect(MetricName.metric(label) == want) }

    @Test(
        "Suffixes are added only where missing",
        arguments: [
            ("jobs", "_total", "jobs_total"), ("jobs_total", "_total", "jobs_total"), ("x", "_seconds", "x_seconds"),
        ]
    )
    func suffix(_ label: String, _ suffix: String, _ want: String) {
        #expect(MetricName.metric(label, suffix: suffix) == want)
    }

    @Test(
        "Label sets are sorted, escaped, free of duplicates and reserved names",
        arguments: [
            ([("b", "2"), ("a", "1")], #"a="1",b="2""#),
            ([("a", "1"), ("a", "2")], #"a="1""#),
            ([("path", "C:\\x\n\"y\"")], #"path="C:\\x\n\"y\"""#),
            ([("le", "1")], #"exported_le="1""#),
            ([("__name__", "x")], #"exported___name__="x""#),
            ([("a:b", "ü")], #"a_b="ü""#),
            ([("a", "\r\n")], "a=\"\r\\n\""),
            ([], ""),
        ] as [([(String, String)], String)]
    )
    func labels(_ dimensions: [(String, String)], _ want: String) { #expect(MetricName.render(dimensions) == want) }

    @Test(
        "Numbers",
        arguments: [
            (0, "0"), (5, "5"), (-3, "-3"), (0.005, "0.005"), (1.5, "1.5"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"), (1e300, "1e+300"), (9_007_199_254_740_991, "9007199254740991"),
        ] as [(Double, String)]
    )
    func numbers(_ value: Double, _ want: String) { #expect(MetricName.format(value) == want) }
}
