import APIMachinery
import TestSupport

/// Makes workflows that are valid for the most part: graphs of any shape, with conditions, templates and retries over
/// what the steps before left behind.
enum FuzzWorkflows {
    static func make(_ random: inout SplitMix64) -> JSONValue {
        let count = random.chance(5) ? 60 : 1 + random.next(below: 9)
        var steps: [JSONValue] = []
        for index in 0..<count { steps.append(step(index, &random)) }
        if random.chance(10) { steps.shuffle(using: &random) }
        var spec: JSONObject = [
            "pool": .string(random.pick(["fuzz", "fuzz", "fuzz", "f0"])), "steps": .array(steps),
            "params": [["name": "x", "default": random.pick(defaults)], ["name": "y", "required": false]],
        ]
        if random.chance(40) { spec["priority"] = .int(Int64(random.next(below: 20))) }
        if random.chance(50) {
            spec["policy"] = [
                "parallelism": .int(Int64(1 + random.next(below: 4))),
                "timeoutSeconds": .int(Int64(random.pick([1, 2, 600]))), "retry": retry(&random),
            ]
        }
        return [
            "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow", "metadata": ["name": "fuzz"],
            "spec": .object(spec),
        ]
    }

    private static let defaults: [JSONValue] = [
        1, "text", [1, 2, 3], ["a": ["b": [1, "c"]]], .null, true, 0.5, "", [:], .int(.max),
    ]

    private static func retry(_ random: inout SplitMix64) -> JSONValue {
        [
            "maxAttempts": .int(Int64(1 + random.next(below: 4))),
            "initialIntervalSeconds": random.pick([0, 0.01, 0.5, 86_400]),
            "maxIntervalSeconds": random.pick([86_400, 86_400, 1]),
            "backoffCoefficient": random.pick([1, 1.5, 100]),
            "nonRetryableReasons": random.pick([[], ["TimedOut"], ["ExitCode", "fuzz"]]),
        ]
    }

    private static func step(_ index: Int, _ random: inout SplitMix64) -> JSONValue {
        var step: JSONObject = ["id": .string("s\(index)"), "actor": "noop"]
        var before: [String] = []
        if index > 0 {
            for _ in 0..<random.next(below: 4) {
                let other = "s\(random.next(below: index))"
                if !before.contains(other) { before.append(other) }
            }
            // Now and then a cycle, or a step that is not there.
            if random.chance(1) { before.append("s\(index + random.next(below: 2))") }
            step["dependsOn"] = .array(before.map { .string($0) })
        }
        let known = before.isEmpty || random.chance(2) ? "s0" : random.pick(before)
        if random.chance(40) { step["when"] = .string(condition(known, &random)) }
        if random.chance(60) {
            step["with"] = [
                "all": "${{ params }}", "text": .string("a ${{ \(value(known, &random)) }} b"),
                "deep": ["list": [.string("${{ \(value(known, &random)) }}"), 1]],
            ]
        }
        if random.chance(30) { step["retry"] = retry(&random) }
        if random.chance(20) { step["timeoutSeconds"] = .int(Int64(random.pick([1, 60, 604_800]))) }
        return .object(step)
    }

    private static func condition(_ step: String, _ random: inout SplitMix64) -> String {
        random.pick([
            "steps.\(step).phase == 'Succeeded'", "steps.\(step).phase != 'Failed' || true", "params.x == 1", "false",
            "has(params.y)", "steps.\(step).output != null", "size(string(params.x)) > 2",
            "steps.\(step).output.a == 1",
            "steps.\(step).output[0] > 3", "steps.\(step).error.reason == 'ExitCode'", "1 / 0 == 1", "params.x",
            "[params.x].exists(v, v == 1)", "steps.\(step).attempts > 1",
        ])
    }

    private static func value(_ step: String, _ random: inout SplitMix64) -> String {
        random.pick([
            "params.x", "steps.\(step).output", "steps.\(step)", "steps.\(step).output.a",
            "[steps.\(step).output, params]",
            "params.x + 1", "string(params.x) + 'x'", "steps.\(step).output[9223372036854775807]",
            "{'k': steps.\(step).output}", "steps.\(step).output == null ? 0 : 1", "params.y", "steps",
            "[1, 2].map(i, params)", "double('NaN')", "-9223372036854775808", "b'\\xff'",
            "timestamp('2027-01-01T00:00:00Z')",
            "duration('1h')", "uint(1)", "type(1)", "params.x.a.b[1]",
        ])
    }
}
