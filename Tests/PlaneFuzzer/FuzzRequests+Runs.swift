import APIMachinery
import Synchronization
import TestSupport

/// Submissions over HTTP, and what runners say.
extension FuzzRequests {
    static let runners = (0..<4).map { "fuzz-runner-\($0)" }

    func submission(_ random: inout SplitMix64) -> FuzzRequest {
        let root = "/api/v1/namespaces/default"
        if random.chance(15) {
            let run = "\(root)/runs/\(random.pick(Self.names))"
            let letters = "\(root)/queues/\(random.pick(Self.names + ["fuzz"]))/deadletters"
            let job = random.pick(["1.0.1", "9223372036854775807.0.1", "x", "-1.-1.-1", "9223372036854775808.0.0"])
            let (method, path) = random.pick([
                ("POST", "\(run)/cancel"), ("POST", "\(run)/retry"), ("DELETE", run), ("DELETE", letters),
                ("POST", "\(letters)/requeue"), ("POST", "\(letters)/\(job)/requeue"), ("DELETE", "\(letters)/\(job)"),
            ])
            return FuzzRequest(port: .http, method: method, path: path)
        }
        let fuzzer = SchemaFuzzer()
        var item: JSONValue = ["params": [:]]
        if random.chance(30) { item["name"] = .string(random.pick(Self.names)) }
        for _ in 0..<random.next(below: 3) { item = fuzzer.mutated(item, FuzzSchemas.submission, &random) }
        let workflow = random.pick(Self.names + ["fuzz", "fuzz", "fuzz"])
        let items = JSONValue.array(Array(repeating: item, count: 1 + random.next(below: 4)))
        return FuzzRequest(
            port: .http,
            method: "POST",
            path: "\(root)/workflows/\(workflow)/runs",
            body: random.chance(25) ? ["items": items] : item
        )
    }

    func call(_ random: inout SplitMix64) -> FuzzRequest {
        let (name, schema) = random.pick(FuzzSchemas.calls)
        let known = leases.withLock { $0 }
        let lease = known.isEmpty ? nil : random.pick(known)
        let pool = lease?.pool ?? random.pick(["fuzz", "fuzz", "fuzz", "f0", "f1", "default"])
        var body: JSONValue = [
            "namespace": "default", "pool": .string(pool),
            "runner": .string(lease?.runner ?? random.pick(Self.runners)),
        ]
        let job: JSONValue = ["job": .string(lease?.id ?? "1.0.1"), "token": .string(lease?.token ?? "1")]
        switch name {
        case "register":
            body["concurrency"] = 64
            body["protocolVersion"] = 1
        case "lease":
            body["capacity"] = .int(Int64(1 + random.next(below: 16)))
            body["waitSeconds"] = .int(random.chance(5) ? 20 : 0)
        case "report":
            body["reports"] = [report(job, &random)]
            body["capacity"] = .int(Int64(random.next(below: 8)))
        default:
            body["jobs"] = .array(
                known.filter { $0.runner == lease?.runner }.prefix(64).map {
                    ["job": .string($0.id), "token": .string($0.token)]
                }
            )
        }
        for _ in 0..<random.next(below: 3) { body = SchemaFuzzer().mutated(body, schema, &random) }
        return FuzzRequest(port: .http, method: "POST", path: "/agents/v1/\(name)", body: body)
    }

    private func report(_ job: JSONValue, _ random: inout SplitMix64) -> JSONValue {
        var report = job
        let outcome = random.pick(["Succeeded", "Succeeded", "Succeeded", "Failed", "TimedOut", "Cancelled"])
        report["outcome"] = .string(outcome)
        report["output"] = SchemaFuzzer().anything(&random)
        report["metrics"] = ["execution_time_ms": 1.5, "memory_peak_mb": 3]
        if outcome != "Succeeded" {
            report["error"] = ["reason": "ExitCode", "message": "fuzz", "exitCode": 1, "retryable": true]
        }
        return report
    }
}
