import APIMachinery
import KubeAPIServer
import FoundationEssentials
import Glibc
import Logging
import Observability
import RunEngine
import ServiceLifecycle
import Storage
import UnixSignals

/// Writes the plane's state to a file of the data directory on SIGUSR1: queues, runners, memory, threads, and all
/// metrics. Signals that other daemons take for "read your configuration again" are logged and change nothing.
struct StateDump: Service {
    var directory: String
    var engine: RunEngine
    var server: APIServer
    var registry: PrometheusRegistry
    var logger: Logger

    /// Older dumps are removed.
    private static let keptFiles = 10

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await signal in await UnixSignalsSequence(trapping: .sigusr1, .sigusr2, .sighup) {
                guard signal == .sigusr1 else {
                    logger.notice(
                        "signal has no effect; SIGUSR1 writes a dump, SIGTERM stops",
                        metadata: ["signal": "\(signal)"]
                    )
                    continue
                }
                do {
                    let path = try write(await text())
                    logger.notice("state dump written", metadata: ["path": "\(path)"])
                } catch {
                    logger.error("state dump cannot be written", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// The dump: sections with headings, each line `name value`.
    func text() async -> String {
        var lines = [
            "martinet \(Version.text) process \(getpid()) at \(Timestamp.now().rfc3339Micro)", "", "# process",
        ]
        let status = ProcFS.text(of: "/proc/self/status") ?? ""
        lines += status.split(separator: "\n").map(String.init).filter { line in
            ["VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon", "Threads"].contains { line.hasPrefix($0 + ":") }
        }
        let usage = server.usage
        lines += ["", "# api server", "connections \(usage.connections)", "watchers \(usage.watchers)"]
        lines += ["request_body_bytes \(usage.bodyBytes)", "", "# queues and runners"]
        var queues = Set(engine.catalog.pools)
        do {
            queues.formUnion(try await engine.queues())
        } catch {
            lines.append("the queues cannot be listed: \(error)")
        }
        for queue in queues.sorted() {
            do {
                let counts = try await engine.statistics(namespace: queue.namespace, pool: queue.pool)
                lines.append(
                    "\(queue): ready \(counts.ready) express \(counts.express) delayed \(counts.delayed) leased "
                        + "\(counts.leased) dead \(counts.dead) oldest \(counts.oldestAgeSeconds) s"
                )
            } catch {
                lines.append("\(queue): cannot be read: \(error)")
            }
            for runner in engine.runners(namespace: queue.namespace, pool: queue.pool) {
                lines.append(
                    "  \(runner.name): \(runner.leasedJobs) of \(runner.concurrency) slots\(runner.draining ? ", draining" : "")"
                        + ", last seen \(runner.lastSeen.rfc3339Micro)"
                )
            }
        }
        lines += ["", "# threads: id, name, state"]
        for task in ProcFS.numbers(in: "/proc/self/task").sorted() {
            let stat = ProcFS.text(of: "/proc/self/task/\(task)/stat") ?? ""
            let name = (ProcFS.text(of: "/proc/self/task/\(task)/comm") ?? "").split(separator: "\n").first ?? ""
            let state = stat.split(separator: ")").last?.split(separator: " ").first ?? "?"
            lines.append("\(task) \(name) \(state)")
        }
        lines += ["", "# metrics", registry.render()]
        return lines.joined(separator: "\n")
    }

    /// Writes the dump under a name that sorts by time, readable by the owner only.
    private func write(_ text: String) throws -> String {
        let folder = "\(directory)/dumps"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let path = "\(folder)/\(Timestamp.now().rfc3339Micro.filter { $0 != ":" }).txt"
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw StartError("\(path) cannot be written; make room or make the directory writable") }
        for old in try FileManager.default.contentsOfDirectory(atPath: folder).sorted().dropLast(Self.keptFiles) {
            try FileManager.default.removeItem(atPath: "\(folder)/\(old)")
        }
        return path
    }
}
