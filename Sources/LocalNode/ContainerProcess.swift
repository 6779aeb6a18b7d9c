import Logging
import Subprocess
import Synchronization
import SystemPackage

/// What is asked of a shim.
struct ShimCommand: Sendable, Hashable {
    /// The `pod-shim` program.
    var shim: String
    /// The container's program and its arguments, its own name first.
    var path: String
    var arguments: [String]
    var environment: [String: String]
    var directory: String?
    /// The container's log; nothing is kept if absent.
    var log: String?
    var logSize = 10 * 1024 * 1024
    var logFiles = 5

    var words: [String] {
        var words: [String] = []
        if let log { words += ["--log", log, "--log-size", "\(logSize)", "--log-files", "\(logFiles)"] }
        if let directory { words += ["--directory", directory] }
        return words + ["--", path] + arguments
    }
}

/// What a shim reports.
enum ShimReport: Sendable, Hashable {
    case started(pid: Int32)
    case failed(stage: String, error: Int32)
    case exited(code: Int)
    case signaled(Int)

    init?(_ line: some StringProtocol) {
        let words = line.split(whereSeparator: \.isWhitespace)
        switch (words.first ?? "", words.count) {
        case ("started", 2): if let pid = Int32(words[1]) { self = .started(pid: pid) } else { return nil }
        case ("exited", 2): if let code = Int(words[1]) { self = .exited(code: code) } else { return nil }
        case ("signaled", 2): if let signal = Int(words[1]) { self = .signaled(signal) } else { return nil }
        case ("failed", 3):
            guard let error = Int32(words[2]) else { return nil }
            self = .failed(stage: String(words[1]), error: error)
        default: return nil
        }
    }
}

/// A running shim: what may be asked of it.
final class ContainerProcess: Sendable {
    private enum Order: UInt8 {
        case terminate = 0x74
        case kill = 0x6B
    }

    private let orders: AsyncStream<UInt8>
    private let send: AsyncStream<UInt8>.Continuation

    init() {
        // The last orders count: an order to kill that a shim does not read is given again, and ends the others.
        (orders, send) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    }

    /// Asks the container's main process to end.
    func terminate() { send.yield(Order.terminate.rawValue) }

    /// Kills everything of the container.
    func kill() { send.yield(Order.kill.rawValue) }

    /// Runs the shim until it is gone, and passes on what it reports; the shim's own process id comes first.
    ///
    /// The shim's input is its lifeline: it ends when this process ends, however it does. A cancelled task kills the
    /// container. Throws if the shim itself cannot be started.
    func run(_ command: ShimCommand, _ report: @Sendable @escaping (Int32, ShimReport) -> Void) async throws {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.send(signal: .quit, allowedDurationToNextStep: .seconds(10))]
        // Subprocess hands bytes on as they are, so they end as C wants it.
        let environment = command.environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)\0".utf8) }
        _ = try await Subprocess.run(
            .path(FilePath(command.shim)),
            arguments: Arguments(command.words),
            environment: .custom(environment),
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .discarded
        ) { execution in
            let shim = execution.processIdentifier.value
            let writer = execution.standardInputWriter
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [orders] in
                    // A shim that takes no more orders has ended, which its own output shows.
                    for await order in orders { _ = try? await writer.write([order]) }
                }
                for try await line in execution.standardOutput.strings() {
                    if let parsed = ShimReport(line) { report(shim, parsed) }
                }
                group.cancelAll()
            }
        }
    }
}
