import APIMachinery
import Expressions
import Testing

/// What the recorded cases do not reach: time zones, object types, values that the host provides, messages.
struct LanguageTests {
    private func evaluate(_ source: String, _ variables: [String: CELValue] = [:]) throws -> CELValue {
        try Expression.compile(source, checked: false).evaluate(variables)
    }

    @Test(arguments: [
        ("2024-07-01T12:00:00Z", "Europe/Berlin", 14), ("2024-01-01T12:00:00Z", "Europe/Berlin", 13),
        ("2024-03-31T00:59:59Z", "Europe/Berlin", 1), ("2024-03-31T01:00:00Z", "Europe/Berlin", 3),
        ("2090-07-01T12:00:00Z", "Europe/Berlin", 14), ("2090-01-01T12:00:00Z", "Europe/Berlin", 13),
        ("2024-01-01T12:00:00Z", "Australia/Sydney", 23), ("2085-07-01T12:00:00Z", "Australia/Sydney", 22),
        ("2024-07-01T12:00:00Z", "America/New_York", 8), ("1950-07-01T12:00:00Z", "America/New_York", 8),
        ("1800-07-01T12:00:00Z", "UTC", 12), ("2024-01-01T12:00:00Z", "", 12), ("2024-01-01T12:00:00Z", "-09:30", 2),
        ("2024-01-01T12:00:00Z", "Asia/Kathmandu", 17),
    ])
    func hoursInZones(_ time: String, _ zone: String, _ hour: Int64) throws {
        #expect(try evaluate("timestamp(t).getHours(z)", ["t": .string(time), "z": .string(zone)]) == .int(hour))
    }

    @Test(arguments: ["Nowhere/Land", "../passwd", "/etc/passwd", "a:b", "Europe"])
    func unknownZones(_ zone: String) {
        #expect(throws: ExpressionError.self) { try evaluate("timestamp(0).getHours(z)", ["z": .string(zone)]) }
    }

    @Test(arguments: [
        ("0.1 + 0.2", "0.30000000000000004"), ("1e6", "1e+06"), ("123456.0", "123456"), ("1234567.0", "1.234567e+06"),
        ("1e-4", "0.0001"),
        ("0.00001", "1e-05"), ("1e100", "1e+100"), ("-1.5", "-1.5"), ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("duration('1ns')", "0.000000001s"), ("duration('-1.5h')", "-5400s"), ("duration('1h1m1.001s')", "3661.001s"),
        ("timestamp('2024-01-01T1:02:03,5-07:30')", "2024-01-01T01:02:03.5-07:30"),
        ("timestamp('2024-01-01T00:00:00+00:00')", "2024-01-01T00:00:00Z"),
        ("'%.2f|%f'.format([1234567.891, 0.5])", "1,234,567.89|0.500000"),
        ("'%e'.format([-0.00012])", "-1.200000×10⁻⁰⁴"),
        ("'%s'.format([{'b': [1u, true], 'a': duration('1s')}])", "{\"a\":duration(\"1s\"), \"b\":[1, true]}"),
        ("'%x|%X|%o|%b'.format([-255, 'hi', 8u, 5])", "-ff|6869|10|101"),
        ("'%%%d'.format([3])", "%3"),
    ])
    func numbersAsText(_ source: String, _ expected: String) throws {
        #expect(try evaluate("string(\(source))") == .string(expected))
    }

    @Test(arguments: [
        "-9223372036854775807 - 2", "duration('-2562047h47m16.854775808s') - duration('1ns')",
        "-duration('-2562047h47m16.854775808s')",
        "[duration('2562047h'), duration('2562047h')].sum()", "uint(1e20)", "int(double('NaN'))",
        "timestamp(253402300799) + duration('1s')",
    ])
    func overflows(_ source: String) {
        #expect { try evaluate(source) } throws: { ($0 as? ExpressionError)?.code == .overflow }
    }

    static let person = CELType.object(
        CELObjectType(name: "Person", fields: ["name": .string, "tags": .list(.string), "boss": .dyn, "age": .int])
    )

    @Test(
        arguments: [
            ("self.name.size() > 0", nil), ("self.age + 1 > 2", nil),
            ("self.tags.all(t, t.startsWith(self.name))", nil), ("self.boss.anything == 1", nil),
            ("has(self.age) && self.age > 3", nil), ("self.?age.orValue(0) == 3", nil), ("self == null", nil),
            ("self.nome == 'x'", .undefinedField), ("has(self.nome)", .undefinedField),
            ("self.name + 1", .noMatchingOverload),
            ("self.tags.sum()", .noMatchingOverload), ("self.age.x", .undefinedField),
            ("self.all(k, true)", .notIterable), ("other", .undeclared),
        ] as [(String, ExpressionError.Code?)]
    )
    func objectTypes(_ source: String, _ expected: ExpressionError.Code?) {
        do throws(ExpressionError) {
            _ = try Expression.compile(source, declarations: ["self": Self.person])
            #expect(expected == nil)
        } catch {
            #expect(error.code == expected)
            #expect(error.phase == .check)
        }
    }

    /// A list whose order does not matter, as Kubernetes' lists of type `set`.
    final class SetList: CELListSource {
        let values: [Int64]

        init(_ values: [Int64]) { self.values = values }

        var count: Int { values.count }

        func element(at index: Int) -> CELValue { .int(values[index]) }

        func isEqual(to other: CELList) -> Bool? {
            other.count == count && other.allSatisfy { element in values.contains { .int($0) == element } }
        }
    }

    /// An object whose members are made up on demand.
    final class Squares: CELMapSource {
        var keys: [String] { ["2", "3"] }

        func value(for name: String) -> CELValue? { Int64(name).map { .int($0 * $0) } }
    }

    @Test func valuesOfTheHost() throws {
        let variables: [String: CELValue] = [
            "set": .list(CELList(SetList([1, 2, 3]))), "squares": .map(CELMap(Squares())),
        ]
        for source in [
            "set == [3, 2, 1]", "[3, 1, 2] == set", "set != [1, 2, 4]", "set.map(x, x * 2) == [2, 4, 6]",
            "set.size() == 3 && 2 in set",
            "squares['12'] == 144", "squares.all(k, squares[k] == int(k) * int(k))", "has(squares.a) == false",
            "squares == {'2': 4, '3': 9}",
            "squares.transformList(k, v, v).sum() == 13", "(set + [4]).size() == 4",
        ] {
            #expect(try evaluate(source, variables) == .bool(true), "\(source)")
        }
    }

    @Test func variablesOnDemand() throws {
        struct Everything: Activation {
            func value(for name: String) -> CELValue? { name == "missing" ? nil : .string(name) }
        }
        #expect(try Expression.compile("a + b", checked: false).evaluate(Everything()) == .string("ab"))
        #expect(throws: ExpressionError.self) {
            try Expression.compile("missing", checked: false).evaluate(Everything())
        }
    }

    @Test(arguments: [
        ("a.b.c", "\"a.b.c\" at column 2: no such key: b"),
        ("1 +", "\"1 +\" at column 4: unexpected the end of the expression, expected a value, a name or '('"),
        ("'abc", "\"'abc\" at column 1: the string is not closed"),
        ("a @ b", "\"a @ b\" at column 3: unexpected character '@'"),
        ("1 == '1'", "\"1 == '1'\" at column 3: found no matching overload for '_==_' applied to '(int, string)'"),
        ("a.x ==\n  b", "\"a.x == b\" at line 2, column 3: undeclared reference to 'b'"),
        ("'é' + z", "\"'é' + z\" at column 7: undeclared reference to 'z'"),
    ])
    func messages(_ source: String, _ expected: String) {
        do throws(ExpressionError) {
            _ = try Expression.compile(source, declarations: ["a": .dyn]).evaluate(["a": CELValue(json: [:])])
            Issue.record("accepted")
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test(
        arguments: [
            ("1", CELType.int), ("a", .dyn), ("a == 1", .bool), ("[1]", .list(.int)),
            ("{'a': 1.0}", .map(.string, .double)), ("a.?b", .optional(.dyn)),
            ("[1].map(x, string(x))", .list(.string)), ("a ? 1 : 2", .int), ("timestamp(0) - timestamp(0)", .duration),
            ("int", .type(.int)),
            ("[]", .list(.dyn)), ("a + 1", .int), ("quantity('1')", .opaque("kubernetes.Quantity")),
        ] as [(String, CELType)]
    )
    func resultTypes(_ source: String, _ expected: CELType) throws {
        #expect(try Expression.compile(source, declarations: ["a": .dyn]).resultType == expected)
    }
}

/// What is decided when an expression is planned, not when it is evaluated.
struct PlanningTests {
    /// The reference evaluates conversions of constants and compiles constant patterns once; if that fails, so does
    /// the expression, even where the call would not be reached. The same holds for calls that can never be made.
    @Test(
        arguments: [
            ("true || int('abc') == 1", .badConversion), ("false && 'a'.matches('[')", .badRegex),
            ("true ? 1 : size()", .noSuchOverload), ("true || 'a'.startsWith('a', 'b')", .noSuchOverload),
            ("true || uint(-1) == 1u", .overflow),
        ] as [(String, ExpressionError.Code)]
    )
    func constantsFailEarly(_ source: String, _ code: ExpressionError.Code) throws {
        let program = try Expression.compile(source, checked: false)
        #expect { try program.evaluate() } throws: { ($0 as? ExpressionError)?.code == code }
    }

    @Test(arguments: ["true || int(x) == 1", "true || 1 / 0 == 1", "true || foo(1)", "true || [1][5] == 1"])
    func everythingElseFailsWhereItIsReached(_ source: String) throws {
        let program = try Expression.compile(source, checked: false)
        #expect(try program.evaluate(["x": .string("abc")]) == .bool(true))
    }
}
