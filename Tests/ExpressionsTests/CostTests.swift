import Expressions
import Testing

/// Upper bounds of costs, as cel-go 0.26 with Kubernetes' 1.36 cost estimator computes them.
@Suite struct CostTests {
    /// `self` has a list `a` of at most 5 texts of at most 10 bytes, a list `b` of at most 2, a text `t` of at most
    /// 100, a map `m` of at most 4 texts of at most 20, and a list `n` of at most 3 numbers.
    private static let type = CELType.object(
        CELObjectType(
            name: "self",
            fields: [
                "a": .list(.string), "b": .list(.string), "t": .string, "m": .map(.string, .string), "n": .list(.int),
                "i": .int, "d": .dyn, "__namespace__": .string,
            ]
        )
    )

    private static let sizes: [String: Int] = [
        "": 0, "a": 5, "a.@items": 10, "b": 2, "b.@items": 10, "t": 100, "m": 4, "m.@keys": 0, "m.@values": 20,
        "n": 3, "n.@items": 0, "i": 0, "d": 40, "__namespace__": 8,
    ]

    private static func cost(_ source: String) throws -> Int? {
        _ = try Expression.compile(source, declarations: ["self": type])
        return Expression.maximumCost(of: source, declarations: ["self": type]) { path in
            Self.sizes[path.dropFirst().joined(separator: ".")]
        }
    }

    @Test(
        "Sizes follow values through an expression",
        arguments: [
            // A choice is as large as the larger of its branches, and so are its entries.
            ("(has(self.a) ? self.a : []).all(x, true)", 1 + 10 + 1 + 5 * 3),
            ("(has(self.a) ? self.a : []).exists(x, x == 'y')", 1 + 10 + 1 + 5 * 5),
            ("(self.i > 1 ? self.t : 'none').matches('a+')", 3 + 2 + 11),
            ("(self.a + self.b).all(x, true)", 4 + 1 + 1 + 7 * 3),
            ("(self.t + 'ab').startsWith(self.t)", 4 + 11 + 10),
            ("self.a.filter(x, x != 'y').all(z, true)", 13 + 5 * 15 + 1 + 5 * 3),
            ("self.a.map(x, x + 'z').all(y, y.startsWith('q'))", 13 + 5 * 15 + 1 + 5 * 5),
            ("[self.t, 'x'].all(v, true)", 10 + 2 + 1 + 2 * 3),
            ("self.t.split(',').all(x, true)", 2 + 20 + 1 + 300),
            ("self.t.split(',', 3).all(x, true)", 2 + 20 + 1 + 9),
            ("self.t.lowerAscii().contains('ab')", 2 + 10 + 10),
            ("self.a.join(',').contains('x')", 2 + 6 + 6),
            ("self.t.replace('a', 'bb').startsWith(self.t.replace('a', 'bb'))", 22 + 22 + 20),
            ("dyn(self.a).all(x, true)", 3 + 1 + 15),
            ("lists.range(4).all(i, i < 3)", 4 + 11 + 1 + 4 * 5),
            ("self.a[0].startsWith(self.a[0])", 6 + 1),
            ("[self.t][0].startsWith([self.t][0])", 26 + 10),
            ("{'k': self.t}['k'].startsWith({'k': self.t}['k'])", 66 + 10),
        ]
    )
    func sizes(_ source: String, _ wanted: Int) throws { #expect(try Self.cost(source) == wanted) }

    @Test(
        "Macros of two variables know which is the key",
        arguments: [
            ("self.m.all(k, v, k.startsWith('a') && v.startsWith('b'))", 3 + 4 * 7),
            ("self.a.all(i, v, i < 3 && v == 'abc')", 3 + 5 * 7),
            ("self.a.exists(i, v, v == 'abc')", 3 + 5 * 6),
            ("self.a.existsOne(i, v, v == 'abc')", 4 + 5 * 4),
            ("self.a.transformList(i, v, v + 'x').all(y, true)", 13 + 5 * 15 + 1 + 15),
            ("self.a.transformList(i, v, i > 1, v + 'x').all(y, true)", 13 + 5 * 17 + 1 + 15),
            ("self.m.transformMap(k, v, v + 'x').all(k, true)", 33 + 4 * 7 + 1 + 12),
            ("self.m.transformMapEntry(k, v, {v: k}).all(k, true)", 33 + 4 * 34 + 1 + 12),
        ]
    )
    func twoVariables(_ source: String, _ wanted: Int) throws { #expect(try Self.cost(source) == wanted) }

    @Test(
        "Libraries have costs of their own",
        arguments: [
            ("cidr('10.0.0.0/8').masked() == cidr('10.0.0.0/8')", 1 + 1 + 1 + 1),
            ("cidr(self.t).containsIP('10.0.0.1')", 2 + 10 + 5),
            ("ip(self.t) == ip('10.0.0.1')", 2 + 10 + 1 + 1),
            ("quantity(self.t) == quantity('1')", 2 + 10 + 1 + 1),
            ("sets.contains(self.a, self.b)", 4 + 10 + 1),
            ("sets.equivalent(self.a, self.b)", 4 + 20 + 1),
            ("self.a.sort().all(x, true)", 2 + 64 + 1 + 75),
            ("self.n.sortBy(x, -x).all(x, true)", 2 + 10 + 1 + 11 + 3 * 14 + 1 + 18 + 11 + 1 + 27),
            ("self.a.distinct().all(x, true)", 2 + 61 + 1 + 75),
            ("self.a.isSorted()", 2 + 5 * 2),
            ("self.t.find('[a-z]') == ''", 2 + 11 * 2 + 0),
            ("matches(self.t, '[a-z]')", 3),
            ("self.?t.orValue('x').size() > 1", 2 + 1 + 1 + 1),
            ("optional.of(self.t).optMap(x, x.size()).hasValue()", 2 * 3 + 2 + 13 + 1),
            ("self.namespace.startsWith('kube-')", 2 + 1),
            ("self.__namespace__ == self.__namespace__", 4 + 1),
        ]
    )
    func libraries(_ source: String, _ wanted: Int) throws { #expect(try Self.cost(source) == wanted) }

    @Test(
        "What nothing bounds has no bound",
        arguments: [
            "lists.range(self.i).all(x, true)", "self.namespace == self.t + self.namespace",
            "self.t.split(',').all(x, x.matches('a')) && self.?t.orValue('x').matches(self.namespace)",
        ]
    )
    func unbounded(_ source: String) throws { #expect((try Self.cost(source) ?? 0) > 1_000_000_000_000) }
}
