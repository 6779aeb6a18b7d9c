import APIMachinery
import KubeYAML
import NIOCore
import Synchronization
import TestSupport

/// Asks a plane over many connections at once, and judges every answer.
final class FuzzClient: Sendable {
    private static let workers = 12
    /// No answer takes longer, on a slow machine and a debug build.
    private static let patience = TimeAmount.seconds(90)
    /// After that long, who waits for something that may never come leaves.
    private static let waiting = TimeAmount.seconds(2)

    private let ports: [FuzzRequest.Port: Int]
    private let token: String
    private let report: FuzzReport
    private let controller: Mutex<ChildProcess>
    private let isStorming = Mutex(false)

    init(_ plane: Plane, _ report: FuzzReport) {
        ports = [.api: plane.apiPort, .http: plane.httpPort]
        token = plane.token
        controller = Mutex(plane.controller)
        self.report = report
    }

    var isAlive: Bool { controller.withLock { $0 }.status == nil }

    /// The plane was started again.
    func replace(_ process: ChildProcess) { controller.withLock { $0 = process } }

    /// Asks the requests of the numbers until there are no more, or the plane has died.
    func storm(_ requests: FuzzRequests, _ next: @escaping @Sendable () -> Range<Int>?) async {
        isStorming.withLock { $0 = true }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await watch() }
            await withTaskGroup(of: Void.self) { workers in
                for _ in 0..<Self.workers {
                    workers.addTask { [self] in
                        var connections: [FuzzRequest.Port: PlaneConnection] = [:]
                        while isAlive, !report.isFull, let numbers = next() {
                            await work(numbers.map { requests.request($0) }, &connections) {
                                requests.take($0, for: $1)
                            }
                        }
                        for connection in connections.values { await connection.close() }
                    }
                }
            }
            isStorming.withLock { $0 = false }
        }
    }

    /// Asks with connections of its own.
    @discardableResult
    func ask(_ requests: [FuzzRequest]) async -> [FuzzAnswer] {
        var connections: [FuzzRequest.Port: PlaneConnection] = [:]
        var answers: [FuzzAnswer] = []
        for request in requests { answers += await ask([request], request.port, &connections) }
        for connection in connections.values { await connection.close() }
        return answers
    }

    /// Sees to it that the plane says it is alive, whatever it is asked.
    private func watch() async {
        var failures = 0
        while isStorming.withLock({ $0 }), isAlive {
            let probe = FuzzRequest(port: .http, method: "GET", path: "/livez")
            var connection: PlaneConnection?
            do {
                connection = try await PlaneConnection(port: ports[.http] ?? 0, isEncrypted: false)
            } catch {
                // Counted below.
                connection = nil
            }
            let answer = await connection?.exchange([bytes(probe)], within: .seconds(30)).first
            await connection?.close()
            failures = answer?.status == 200 ? 0 : failures + 1
            if failures == 3, isAlive {
                report.note(FuzzFinding(property: "the plane does not say it is alive", detail: answer?.text ?? ""))
            }
            // lint: the pause between two probes
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func work(
        _ requests: [FuzzRequest],
        _ connections: inout [FuzzRequest.Port: PlaneConnection],
        _ take: (JSONValue, FuzzRequest) -> Void
    ) async {
        report.willAsk(requests)
        for port in [FuzzRequest.Port.api, .http] {
            let mine = requests.filter { $0.port == port }
            var groups = mine.filter(\.mayWait).map { [$0] }
            groups.insert(mine.filter { !$0.mayWait }, at: 0)
            for group in groups where !group.isEmpty {
                let answers = await ask(group, port, &connections)
                for (request, answer) in zip(group, answers) where request.path.hasPrefix("/agents/") {
                    guard answer.status < 300 else { continue }
                    do {
                        take(try JSONValue(parsing: answer.body), request)
                    } catch {
                        report.note(
                            FuzzFinding(
                                property: "an answer is no JSON",
                                request: request,
                                detail: "\(error) \(answer.text)"
                            )
                        )
                    }
                }
            }
        }
    }

    /// Asks the requests behind each other on one connection; each has its answer, but for those that may wait and those
    /// that were noted as a finding, whose status is 0.
    private func ask(
        _ requests: [FuzzRequest],
        _ port: FuzzRequest.Port,
        _ connections: inout [FuzzRequest.Port: PlaneConnection]
    ) async -> [FuzzAnswer] {
        var answers: [FuzzAnswer] = []
        var failures = 0
        while answers.count < requests.count, isAlive {
            let rest = requests[answers.count...]
            // What failed is asked again alone, so that its neighbours are not blamed.
            let batch = failures == 0 ? rest : rest.prefix(1)
            var reason = "the connection was closed"
            if let connection = await connection(port, &connections, &reason) {
                let bound = requests[0].mayWait ? Self.waiting : Self.patience
                let start = ContinuousClock.now
                let new = await connection.exchange(batch.map(bytes), within: bound)
                if !requests[0].mayWait { report.noteTime(start.duration(to: .now) / .seconds(1), batch) }
                for (request, answer) in zip(batch, new) { judge(request, answer) }
                answers += new
                if new.count == batch.count, connection.isOpen {
                    failures = 0
                    continue
                }
                await connection.close()
                connections[port] = nil
                if requests[0].mayWait { break }
                if !new.isEmpty {
                    failures = 0
                    continue
                }
            }
            failures += 1
            if failures == 5, isAlive {
                report.note(FuzzFinding(property: "no answer", request: rest.first, detail: reason))
                answers.append(FuzzAnswer(status: 0, body: []))
                failures = 0
            }
        }
        return answers
    }

    private func connection(
        _ port: FuzzRequest.Port,
        _ connections: inout [FuzzRequest.Port: PlaneConnection],
        _ reason: inout String
    ) async -> PlaneConnection? {
        if let open = connections[port], open.isOpen { return open }
        do {
            let connection = try await PlaneConnection(port: ports[port] ?? 0, isEncrypted: port == .api)
            connections[port] = connection
            return connection
        } catch {
            reason = "\(error)"
            return nil
        }
    }

    private func bytes(_ request: FuzzRequest) -> [UInt8] {
        request.bytes(host: "127.0.0.1:\(ports[request.port] ?? 0)", token: token)
    }

    private func judge(_ request: FuzzRequest, _ answer: FuzzAnswer) {
        report.update { $0.answers[answer.status, default: 0] += 1 }
        guard answer.status >= 500, request.port == .http || !Self.isDeliberate(answer) else { return }
        report.note(FuzzFinding(property: "answered \(answer.status)", request: request, detail: answer.text))
    }

    /// Answers above 499 that kube-apiserver gives to the same requests: errors of which it makes no `Status` with a
    /// reason, a state that is not there yet, and an object that a patch leaves without a version. An internal error has
    /// the reason `InternalError`.
    private static func isDeliberate(_ answer: FuzzAnswer) -> Bool {
        // What cannot be read is a finding. JSON is YAML, which some requests ask for.
        guard let status = try? YAML.parse(answer.body), status["kind"] == "Status" else { return false }
        let message = status["message"]?.stringValue ?? ""
        return answer.status == 500 && status["reason"] == nil || message.contains("Too large resource version")
            || message.contains("Object 'apiVersion' is missing in")
    }
}
