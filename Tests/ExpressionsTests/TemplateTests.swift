import APIMachinery
import Expressions
import Testing

struct TemplateTests {
    static let variables: [String: CELValue] = [
        "params": CELValue(json: [
            "name": "web", "count": 3, "ratio": 0.5, "list": [1, "a", .null], "map": ["b": 1, "a": true], "none": .null,
            "flag": true, "braces": "}} ${{ x }}",
        ]),
        "steps": CELValue(json: ["lint": ["output": ["errors": 2]]]),
    ]

    @Test(
        arguments: [
            ("", ""), ("plain", "plain"), ("$ ${ {{ }} $", "$ ${ {{ }} $"), ("$${{ params.count }}", "$3"),
            ("${{ params.name }}", "web"), ("${{params.name}}", "web"), ("a-${{ params.name }}-b", "a-web-b"),
            ("${{ params.count }}", 3), ("${{ params.ratio }}", 0.5), ("${{ params.flag }}", true),
            ("${{ params.none }}", .null),
            ("${{ params.list }}", [1, "a", .null]), ("${{ params.map }}", ["a": true, "b": 1]),
            ("n=${{ params.count }} r=${{ params.ratio }}", "n=3 r=0.5"), ("${{ params.none }}!", "null!"),
            ("x${{ params.list }}", "x[1,\"a\",null]"), ("x${{ params.map }}", "x{\"a\":true,\"b\":1}"),
            (" ${{ params.count }}", " 3"), ("${{ params.name }}${{ params.count }}", "web3"),
            // Braces and quotes inside of expressions.
            ("${{ {'a': {'b': 1}}.a.b }}", 1), ("${{ '}}' }}", "}}"), ("${{ \"}}\" + 'x' }}y", "}}xy"),
            ("${{ '''}}' ''' }}", "}}' "), ("${{ r'\\' }}", "\\"), ("${{ 'it\\'s }}' }}", "it's }}"),
            ("${{ {} }}", [:]), ("${{ params.braces }}", "}} ${{ x }}"), ("${{ 1 // one }}", 1),
            ("${{ size(params.list) > 2 ? 'many' : 'few' }}", "many"),
            ("${{ params.?gone.orValue('default') }}", "default"),
            ("${{ duration('90m') }}", "5400s"), ("${{ timestamp('2026-01-02T03:04:05Z') }}", "2026-01-02T03:04:05Z"),
            ("${{ b'\\x01\\x02' }}", "AQI="), ("${{ optional.none() }}", .null),
            ("${{ [1u, 18446744073709551615u] }}", [1, "18446744073709551615"]),
            ("${{ 1 +\n 2 }}", 3), ("${{ quantity('1.5Gi') }}", "1536Mi"),
            ("${{ {1: 'x', true: 'y'} }}", ["1": "x", "true": "y"]),
        ] as [(String, JSONValue)]
    )
    func values(_ source: String, _ expected: JSONValue) throws {
        #expect(try Template(parsing: source).evaluate(Self.variables) == expected)
    }

    @Test(arguments: [
        ("${{ params.gone }}", "in \"${{ params.gone }}\" at column 8: no such key: gone"),
        ("a ${{ 1 / 0 }}", "in \"${{ 1 / 0 }}\" at column 4: division by zero"),
        (
            "${{ 1 + }}",
            "in \"${{ 1 + }}\" at column 6: unexpected the end of the expression, expected a value, a name or '('"
        ),
        ("${{ params.name", "\"${{\" has no closing \"}}\" in \"${{ params.name\""),
        ("${{ 'open }}", "\"${{\" has no closing \"}}\" in \"${{ 'open }}\""),
        ("${{ params.\n gone }}", "in \"${{ params. gone }}\" at line 1, column 8: no such key: gone"),
        ("${{ }}", "in \"${{  }}\" at column 2: unexpected the end of the expression, expected a value, a name or '('"),
    ])
    func errors(_ source: String, _ expected: String) throws {
        do throws(TemplateError) {
            let value = try Template(parsing: source).evaluate(Self.variables)
            Issue.record("got \(value)")
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test func expandsTrees() throws {
        let tree: JSONValue = [
            "command": ["echo", "${{ params.name }}", "${{ params.count }}"], "env": ["N": "v${{ params.count }}"],
            "${{ key }}": 1, "number": 7, "deep": [["x": "${{ steps.lint.output }}"]],
        ]
        #expect(
            try Template.expand(json: tree, Self.variables) == [
                "command": ["echo", "web", 3], "env": ["N": "v3"], "${{ key }}": 1, "number": 7,
                "deep": [["x": ["errors": 2]]],
            ]
        )
        let compiled = try TemplateTree(parsing: tree)
        #expect(
            compiled.references.map(\.path).sorted { $0.joined() < $1.joined() }
                == [["params", "count"], ["params", "count"], ["params", "name"], ["steps", "lint", "output"]]
        )
    }

    @Test func treesNameThePlaceOfErrors() {
        do throws(TemplateError) {
            _ = try TemplateTree(parsing: ["command": ["a", "${{ params.x"]])
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix("command[1]: "))
        }
        do throws(TemplateError) {
            _ = try Template.expand(json: ["env": ["A": "${{ params.gone }}"]], Self.variables)
            Issue.record("expanded")
        } catch {
            #expect(error.description == "env.A: in \"${{ params.gone }}\" at column 8: no such key: gone")
        }
    }

    @Test func budgetIsShared() throws {
        let tree = try TemplateTree(parsing: .array(Array(repeating: "${{ lists.range(1000).sum() }}", count: 100)))
        #expect(throws: TemplateError.self) { try tree.expand(Self.variables, budget: EvaluationBudget(50_000)) }
        #expect(throws: Never.self) { try tree.expand(Self.variables) }
    }
}
