import AgentRunner
import Logging
import ServiceLifecycle
import UnixSignals

/// Logs the runner's state on SIGUSR1. Signals that other daemons take for "read your configuration again" are logged
/// and change nothing.
struct StateDump: Service {
    var runner: Runner
    var logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await signal in await UnixSignalsSequence(trapping: .sigusr1, .sigusr2, .sighup) {
                if signal == .sigusr1 {
                    runner.logState()
                } else {
                    logger.notice(
                        "signal has no effect; SIGUSR1 logs the state, SIGTERM stops",
                        metadata: ["signal": "\(signal)"]
                    )
                }
            }
        }
    }
}
