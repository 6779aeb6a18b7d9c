import APIMachinery
import RunEngine
import Spec
import Storage
import RunTestSupport
import TestSupport
import Testing

/// A number that a program prints or a client submits is the same number in the store, in expressions, in inputs and in
/// the status: exact as far as 64 bits hold it, a double beyond, as in Kubernetes and cel-go.
@Suite("Numbers")
struct NumberTests {
    private static let edges: [Int64] = [
        0, 1, -1, 1 << 53, 1 << 53 + 1, -(1 << 53) - 1, 9_007_199_254_740_993, .max, .max - 1, .min, .min + 1,
        999_999_999_999_999_999, 1 << 62 + 1,
    ]

    /// Integers of every length, those where doubles end before all others.
    private static func integers(_ count: Int) -> [Int64] {
        var random = SplitMix64(seed: 9)
        return edges
            + (0..<count).map { index in
                Int64(truncatingIfNeeded: random.next()) >> Int64(index % 62)
            }
    }

    private static let spec = WorkflowSpec(
        params: [Parameter(name: "v", default: 0), Parameter(name: "literal", default: "")],
        steps: [
            Step(id: "a", actor: "exec", with: ["command": ["x"], "input": "${{ params.v }}"]),
            Step(
                id: "b",
                actor: "noop",
                with: [
                    "whole": "${{ steps.a.output }}", "part": "${{ steps.a.output.list[0] }}",
                    "text": "n=${{ steps.a.output.v }}", "param": "${{ params.v }}",
                    "parsed": "${{ string(params.v) }}", "made": "${{ {'x': steps.a.output.v} }}",
                ],
                dependsOn: ["a"],
                when: "steps.a.output.v == params.v && string(params.v) == params.literal"
            ),
        ]
    )

    /// Takes a number once through everything; answers the input of `a`, that of `b` and the run.
    private func pass(_ text: String, literal: String, _ server: Server) async throws
        -> (first: JSONValue, second: JSONValue?, run: JSONValue)
    {
        let submitted = try await server.call(
            "POST",
            "/api/v1/namespaces/default/workflows/numbers/runs",
            "{\"params\":{\"v\":\(text),\"literal\":\"\(literal)\"}}"
        )
        try #require(submitted.code == 201, "\(submitted.json.text)")
        let name = try #require(submitted.json["name"]?.stringValue)
        let first = try #require(try await server.agent("lease", ["capacity": 1, "waitSeconds": 0])["jobs"]?[0])
        let output = try JSONValue(parsing: "{\"v\":\(text),\"list\":[\(text)]}")
        let second = try await report(first, output, capacity: 1, server)
        if let second { _ = try await report(second, second["with"] ?? .null, capacity: 0, server) }
        let run = try await server.call("GET", "/api/v1/namespaces/default/runs/\(name)").json
        return (first["with"] ?? .null, second?["with"], run)
    }

    private func report(_ job: JSONValue, _ output: JSONValue, capacity: Int64, _ server: Server) async throws
        -> JSONValue?
    {
        let report: JSONValue = [
            "job": job["id"] ?? .null, "token": job["token"] ?? .null, "outcome": "Succeeded", "output": output,
        ]
        return try await server.agent("report", ["reports": [report], "capacity": .int(capacity)])["jobs"]?[0]
    }

    @Test("Every integer of 64 bits stays exact, and an expression compares it exactly")
    func integers() async throws {
        try await withServer { server in
            try server.fixture.workflow("numbers", Self.spec)
            _ = try await server.agent("register", ["podUID": "u", "concurrency": 1, "protocolVersion": 1])
            for number in Self.integers(100) {
                let (first, second, run) = try await pass("\(number)", literal: "\(number)", server)
                let value = JSONValue.int(number)
                #expect(first["input"] == value)
                let input: JSONValue = [
                    "whole": ["v": value, "list": [value]], "part": value, "text": .string("n=\(number)"),
                    "param": value,
                    "parsed": .string("\(number)"), "made": ["x": value],
                ]
                #expect(second == input)
                #expect(run.value(at: "spec", "params", "v") == value)
                let steps = run.value(at: "status", "steps")?.arrayValue
                #expect(steps?.map { $0["output"] } == [["v": value, "list": [value]], input])
            }
        }
    }

    @Test(
        "What 64 bits do not hold is a double, as Go writes it",
        arguments: [
            ("9223372036854775808", "9223372036854776000"), ("18446744073709551615", "18446744073709552000"),
            ("-9223372036854775809", "-9223372036854776000"), ("1e300", "1e+300"), ("0.1", "0.1"),
            ("-2.5e-9", "-2.5e-9"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
        ]
    )
    func doubles(_ text: String, _ written: String) async throws {
        try await withServer { server in
            try server.fixture.workflow("numbers", Self.spec)
            _ = try await server.agent("register", ["podUID": "u", "concurrency": 1, "protocolVersion": 1])
            let (first, _, run) = try await pass(text, literal: "", server)
            #expect(first["input"]?.text == written)
            #expect(run.value(at: "spec", "params", "v")?.text == written)
            #expect(run.value(at: "status", "steps")?[0]?.value(at: "output", "v")?.text == written)
        }
    }
}
