import APIMachinery
import Expressions
import TestSupport

extension FuzzTarget {
    /// CEL: the expression, or an object of variables in the first line and the expression behind it.
    static let cel = FuzzTarget(
        name: "cel",
        seeds: {
            try Golden.cases("cel.json").map { vector in
                let source = vector.text("expr")
                guard let variables = vector["vars"] else { return seed(source) }
                return seed(variables.text, source)
            } + samples.map { seed($0) }
        },
        check: { bytes in
            var source = decoded(bytes)
            var (declarations, values) = (variableTypes, variableValues)
            let lines = parts(bytes, 2)
            if case .object(let given)? = try? JSONValue(parsing: lines[0]) {
                source = decoded(lines[1])
                for (name, value) in given {
                    declarations[name] = .dyn
                    values[name] = CELValue(json: value)
                }
            }
            let unchecked = try? Expression.compile(source, checked: false)
            let checked = try? Expression.compile(source, declarations: declarations)
            try expect(checked == nil || unchecked != nil, "the checker reads what the parser does not")
            let cost = Expression.maximumCost(of: source, declarations: declarations) { _ in 100 }
            try expect((cost == nil) == (unchecked == nil), "no cost is known")
            if let unchecked { _ = try? evaluate(unchecked, values) }
            guard let checked, let value = try? evaluate(checked, values) else { return }
            try expect(
                isPossible(value, checked.resultType),
                "the checker expects \(checked.resultType), and the value is \(value)"
            )
            if let unchecked, let other = try? evaluate(unchecked, values) {
                // Not a number equals nothing, itself included.
                try expect(other == value || value != value, "unchecked it is \(other), checked \(value)")
            }
        }
    )

    private static func evaluate(_ program: Program, _ values: [String: CELValue]) throws -> CELValue {
        var budget = EvaluationBudget(200_000)
        let value = try program.evaluate(values, spending: &budget)
        try expect(budget.remaining >= 0, "an overdrawn budget")
        _ = value.json
        return value
    }

    static let variableTypes: [String: CELType] = [
        "i": .int, "u": .uint, "d": .double, "s": .string, "b": .bytes, "t": .bool, "li": .list(.int),
        "ls": .list(.string), "m": .map(.string, .int), "ts": .timestamp, "dur": .duration, "x": .dyn, "o": .dyn,
    ]

    static let variableValues: [String: CELValue] = [
        "i": .int(-3), "u": .uint(7), "d": .double(2.5), "s": .string("héllo😀"), "b": .bytes([0, 0x61, 0xFF]),
        "t": .bool(true), "li": .list(CELList([.int(3), .int(1), .int(2)])),
        "ls": .list(CELList([.string("b"), .string("a")])), "m": .map(CELMap([(.string("k"), .int(1))])),
        "ts": CELValue(timestamp: Timestamp(seconds: 1_709_210_096, nanoseconds: 789_000_000)),
        "dur": .duration(nanoseconds: 90_000_000_000), "x": CELValue(json: ["a": [1, "b", .null], "c": ["d": 1.5]]),
        "o": .null,
    ]

    private static let samples = [
        "i + 1 > 2 && s.startsWith('h') ? li.map(y, y * 2) : [i]", "u / 2u == 3u || d * 2.0 < 6.0",
        "ts + dur > timestamp('2024-01-01T00:00:00Z')", "has(x.c.d) && x.?a[?0].orValue(3) == 1",
        "'%s %d %x %.3f %e %b'.format([s, i, 255, d, d, 5])", "ls.sort() == ['a', 'b'] && li.sum() == 6",
        "m.all(k, v, v > 0) && m.transformMap(k, v, v + 1) == {'k': 2}",
        "quantity('1Gi').add(quantity('1Mi')) > quantity('1G')",
        "cidr('10.0.0.0/8').containsIP(ip('10.1.2.3')) && isIP('::1')", "url('https://h:1/p?q=1').getQuery()",
        "semver('1.2.3-a+b').isLessThan(semver('1.2.4'))", "s.findAll('[a-z]+', 2).size() + string(b'ab').size()",
        "format.dns1123Label().validate(s).hasValue()", "s.charAt(1) + s.substring(1, 3).upperAscii().reverse()",
        "dyn(1) == 1.0 && type(i) == int && [1, 2].exists_one(e, e == 1)",
    ]

    /// Whether a value can be of the type that the checker found.
    private static func isPossible(_ value: CELValue, _ type: CELType) -> Bool {
        switch (type, value) {
        case (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string), (.bytes, .bytes),
            (.timestamp, .timestamp), (.duration, .duration), (.null, .null), (.map, .map):
            true
        case (.list(let element), .list(let elements)): elements.prefix(8).allSatisfy { isPossible($0, element) }
        case (.bool, _), (.int, _), (.uint, _), (.double, _), (.string, _), (.bytes, _), (.timestamp, _),
            (.duration, _), (.list, _), (.map, _):
            false
        default: true
        }
    }
}
