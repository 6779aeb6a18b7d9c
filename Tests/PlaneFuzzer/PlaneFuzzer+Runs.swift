import APIMachinery
import TestSupport

/// Every run must end: when runners do its jobs, or else when it is cancelled.
extension PlaneFuzzer {
    private static let root = "/api/v1/namespaces/default"

    func endRuns() async {
        // Those that requests made up leave; nobody would wait for their jobs otherwise than until they count as lost.
        for queue in await queues() {
            guard let pool = queue["pool"]?.stringValue else { continue }
            for runner in queue["runners"]?.arrayValue ?? [] {
                guard let name = runner["name"]?.stringValue else { continue }
                _ = await agent("deregister", pool, name, [:])
            }
        }
        let before = await activeRuns()
        // What is left then waits for a retry of tomorrow, or for a runner that is not known to be lost yet.
        let enough = ContinuousClock.now + .seconds(10)
        var left = before
        while !left.isEmpty, client.isAlive, .now < enough {
            await doJobs()
            left = await activeRuns()
        }
        for run in left {
            let path = "\(Self.root)/runs/\(run.name)/cancel"
            await client.ask([FuzzRequest(port: .http, method: "POST", path: path)])
        }
        do {
            try await eventually("every run has ended", within: .seconds(120), every: .milliseconds(200)) {
                guard self.client.isAlive else { return true }
                // Its jobs may be with a runner, which must say that it has stopped.
                await self.doJobs()
                left = await self.activeRuns()
                return left.isEmpty
            }
        } catch {
            let texts = left.prefix(3).map(\.text).joined(separator: "\n")
            report.note(FuzzFinding(property: "runs do not end", detail: "\(left.count) still active:\n\(texts)"))
        }
        report.update { $0.runs += before.count }
    }

    /// Takes and does everything that the queues have.
    private func doJobs() async {
        for queue in await queues() {
            guard let pool = queue["pool"]?.stringValue, queue["ready"]?.intValue ?? 0 > 0 else { continue }
            _ = await agent("register", pool, "closer", ["concurrency": 256, "protocolVersion": 1])
            var jobs =
                await agent("lease", pool, "closer", ["capacity": 256, "waitSeconds": 0])?["jobs"]?.arrayValue ?? []
            while !jobs.isEmpty, client.isAlive {
                let reports = jobs.map { job -> JSONValue in
                    [
                        "job": job["id"] ?? "", "token": job["token"] ?? "", "outcome": "Succeeded", "output": ["a": 1],
                        "metrics": [:],
                    ]
                }
                let next = await agent("report", pool, "closer", ["reports": .array(reports), "capacity": 256])
                jobs = next?["jobs"]?.arrayValue ?? []
            }
            _ = await agent("deregister", pool, "closer", [:])
        }
    }

    private func queues() async -> [JSONValue] {
        let request = FuzzRequest(port: .http, method: "GET", path: "\(Self.root)/queues")
        guard let answer = await client.ask([request]).first, answer.status == 200 else { return [] }
        return json(answer)?["items"]?.arrayValue ?? []
    }

    private func agent(_ call: String, _ pool: String, _ runner: String, _ more: JSONObject) async -> JSONValue? {
        var body = more
        body["namespace"] = "default"
        body["pool"] = .string(pool)
        body["runner"] = .string(runner)
        let request = FuzzRequest(port: .http, method: "POST", path: "/agents/v1/\(call)", body: .object(body))
        return await client.ask([request]).first.flatMap { $0.status == 200 ? json($0) : nil }
    }

    private func json(_ answer: FuzzAnswer) -> JSONValue? {
        do {
            return try JSONValue(parsing: answer.body)
        } catch {
            report.note(FuzzFinding(property: "an answer is no JSON", detail: "\(error): \(answer.text)"))
            return nil
        }
    }

    /// The runs that have not ended, but for those that are put aside.
    private func activeRuns() async -> [(name: String, text: String)] {
        var runs: [(name: String, text: String)] = []
        var token = ""
        repeat {
            let path = "\(Self.root)/runs?limit=1000&phase=Pending,Running\(token)"
            guard let answer = await client.ask([FuzzRequest(port: .http, method: "GET", path: path)]).first,
                answer.status == 200, let page = json(answer)
            else { return runs }
            for run in page["items"]?.arrayValue ?? [] {
                let text = (run["status"] ?? .null).text
                runs.append((run.value(at: "metadata", "name")?.stringValue ?? "", "\(String(text.prefix(1500)))"))
            }
            token = page.value(at: "metadata", "continue")?.stringValue.map { "&continue=\($0)" } ?? ""
        } while !token.isEmpty
        return runs
    }
}
