import Expressions
import Testing

struct ReferenceTests {
    @Test(
        arguments: [
            ("1 + 2", []), ("a", ["a"]), ("a.b.c", ["a.b.c"]), ("a['b'].c", ["a.b.c"]), ("a[b].c", ["a", "b"]),
            ("a.b[0].c", ["a.b"]), ("a.b + c.d", ["a.b", "c.d"]), ("has(a.b)", ["a.b?"]),
            ("has(a.b) && a.b.c", ["a.b?", "a.b.c"]),
            ("a.?b.c", ["a.b?"]), ("a[?'b']", ["a.b?"]), ("a.b.size()", ["a.b"]), ("size(a.b)", ["a.b"]),
            ("f(a, b.c)", ["a", "b.c"]),
            ("a.map(x, x.y + b.z)", ["a", "b.z"]), ("[1].map(a, a.b)", []), ("a.all(a, a.b)", ["a"]),
            ("[1].map(x, .x)", ["x"]),
            ("{'k': a.b, c: 1}", ["a.b", "c"]), ("a ? b : c", ["a", "b", "c"]), ("a.optMap(v, v.x + w)", ["a", "w"]),
            ("m.transformMap(k, v, k + v + o)", ["m", "o"]), ("optional.of(a.b)", ["a.b"]),
            ("sets.contains(a, [b])", ["a", "b"]),
            ("type(a) == int", ["a"]),
            ("steps.lint.output.errors > params.max", ["steps.lint.output.errors", "params.max"]),
        ] as [(String, [String])]
    )
    func found(_ source: String, _ expected: [String]) throws {
        let references = try Expression.compile(source, checked: false).references
        #expect(references.map { $0.path.joined(separator: ".") + ($0.isOptional ? "?" : "") } == expected)
    }
}
