import APIMachinery
import AccessControl
import GenericAPIServer
import HTTPServing
import KubeAPIServer
import Logging
import PlaneResources
import RunEngine
import Spec
import Storage
import Synchronization
import Testing

/// Lists of many runs through the Kubernetes API.
@Suite struct RunListTests {
    private static let path = "/apis/runs.martinet.dev/v1alpha1/namespaces/default/workflowruns"

    /// Collects a streamed answer, and counts its pieces.
    private final class Sink: ResponseSink {

        private let collected = Mutex<[UInt8]>([])

        var bytes: [UInt8] { collected.withLock { $0 } }

        func write(_ bytes: [UInt8]) async throws { collected.withLock { $0 += bytes } }
    }

    private struct Plane {
        var server: APIServer
        var engine: RunEngine

        init(runs: Int, outputBytes: Int = 0) async throws {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let catalog = WorkflowCatalog()
            let step = Step(id: "a", actor: "noop")
            for name in ["w", "other"] {
                try catalog.setWorkflow(namespace: "default", name: name, spec: WorkflowSpec(steps: [step]))
            }
            engine = RunEngine(store: MemoryRunStore(), catalog: catalog, logger: logger)
            try await engine.start()
            let provider = WorkflowRunProvider(engine: engine, revision: 0, logger: logger)
            server = APIServer(
                configuration: APIServer.Configuration(dataDirectory: "/nonexistent"),
                store: MemoryObjectStore(),
                logger: logger
            )
            try server.register(provider)
            try await server.load()
            for index in 0..<runs {
                var request = RunRequest()
                request.name = "r\(index)"
                request.labels = ["parity": index % 2 == 0 ? "even" : "odd"]
                _ = try await engine.submit(namespace: "default", workflow: index % 10 == 0 ? "other" : "w", [request])
            }
            guard outputBytes > 0 else { return }
            let runner = RunnerReference(namespace: "default", pool: "default", name: "runner")
            while case let jobs = try await engine.lease(runner, capacity: 100, wait: 0).jobs, !jobs.isEmpty {
                let reports = jobs.map { job in
                    var report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
                    report.output = Array("\"\(String(repeating: "x", count: outputBytes))\"".utf8)
                    return report
                }
                _ = try await engine.report(runner, reports, capacity: 0)
            }
        }

        func list(_ query: String, accept: String = "application/json") async throws -> JSONValue {
            let response = await server.respond(
                to: APIRequest(
                    method: "GET",
                    path: RunListTests.path,
                    query: QueryParameters(query),
                    headers: ["accept": accept],
                    body: [],
                    user: UserInfo(name: "admin", groups: ["system:masters"])
                )
            )
            switch response.body {
            case .bytes(let bytes): return try JSONValue(parsing: bytes)
            case .stream(let stream):
                let sink = Sink()
                try await stream.run(sink)
                return try JSONValue(parsing: sink.bytes)
            }
        }
    }

    private func names(_ list: JSONValue) -> [String] {
        (list["items"]?.arrayValue ?? []).compactMap { $0.value(at: "metadata", "name")?.stringValue }
    }

    @Test("The newest come first if asked for, with the number of the others")
    func newest() async throws {
        let plane = try await Plane(runs: 30)
        let list = try await plane.list("order=newest&limit=3")
        #expect(names(list) == ["r29", "r28", "r27"])
        #expect(list.value(at: "metadata", "remainingItemCount") == 27)
        #expect(list.value(at: "metadata", "continue")?.stringValue ?? "" == "")
        let selected = try await plane.list("order=newest&limit=2&fieldSelector=spec.workflowRef.name=other")
        #expect(names(selected) == ["r20", "r10"])
        #expect(selected.value(at: "metadata", "remainingItemCount") == 1)
        let labelled = try await plane.list("order=newest&limit=2&labelSelector=parity=odd")
        #expect(names(labelled) == ["r29", "r27"])
        #expect(labelled.value(at: "metadata", "remainingItemCount") == 13)
        let none = try await plane.list("order=newest&limit=2&fieldSelector=status.phase=Failed")
        #expect(names(none).isEmpty && none.value(at: "metadata", "remainingItemCount") == nil)
        for wrong in ["order=oldest", "order=newest&labelSelector=parity!=odd"] {
            #expect(try await plane.list(wrong)["code"] == 400)
        }
    }

    @Test("Runs are found by the label of their workflow, which is not stored")
    func workflowLabel() async throws {
        let plane = try await Plane(runs: 20)
        let label = "labelSelector=martinet.dev/workflow=other"
        for query in [label, "order=newest&\(label)", "\(label)&fieldSelector=spec.workflowRef.name=other"] {
            let list = try await plane.list(query)
            #expect(Set(names(list)) == ["r0", "r10"], "\(query)")
            let labels = list["items"]?[0]?.value(at: "metadata", "labels")
            #expect(labels == ["martinet.dev/workflow": "other", "parity": "even"])
        }
        #expect(names(try await plane.list("\(label)&fieldSelector=spec.workflowRef.name=w")).isEmpty)
        #expect(names(try await plane.list("labelSelector=martinet.dev/workflow=nosuch")).isEmpty)
        #expect(names(try await plane.list("labelSelector=martinet.dev/workflow!=other")).count == 18)
    }

    @Test("A list of everything comes whole, page by page, and so do pages that a client asks for")
    func everything() async throws {
        let plane = try await Plane(runs: 1203)
        let all = try await plane.list("")
        #expect(all["kind"] == "WorkflowRunList" && Set(names(all)).count == 1203)
        #expect(names(all) == names(all).sorted())
        let table = try await plane.list("", accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
        #expect(table["kind"] == "Table" && table["rows"]?.arrayValue?.count == 1203)
        var paged: [String] = []
        var token = ""
        repeat {
            let page = try await plane.list("limit=500" + (token.isEmpty ? "" : "&continue=\(token)"))
            paged += names(page)
            token = page.value(at: "metadata", "continue")?.stringValue ?? ""
        } while !token.isEmpty
        #expect(paged == names(all))
    }

    @Test("Pages end early when objects are large, and tables do without outputs")
    func large() async throws {
        let plane = try await Plane(runs: 40, outputBytes: 1_000_000)
        let page = try await plane.list("limit=500")
        #expect(names(page).count < 40)
        #expect(page.value(at: "metadata", "continue")?.stringValue?.isEmpty == false)
        let brief = try await plane.list("brief=true")
        #expect(names(brief).count == 40 && brief.bytes.count < 100_000)
        let steps = brief["items"]?[0]?.value(at: "status", "steps")?.arrayValue
        #expect(steps?.first?["phase"] == "Succeeded" && steps?.first?["output"] == nil)
        #expect(try await plane.list("").bytes.count > 40_000_000)
    }
}
