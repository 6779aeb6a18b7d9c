import CSpawn
import Glibc
import Synchronization

/// Lets a task stop the thread that supervises a program.
final class StopControl: Sendable {
    /// Becomes readable when the program is to be stopped; -1 if the system had none to give, which only delays.
    let descriptor: Int32 = cspawn_event()
    private let stopped = Atomic<Bool>(false)

    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    func stop() {
        stopped.store(true, ordering: .releasing)
        var one: UInt64 = 1
        if descriptor >= 0 { _ = write(descriptor, &one, 8) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// Runs programs from async code: each gets a thread, because waiting for processes blocks.
enum ProcessRunner {
    /// Runs the program to its end. Cancelling the task stops it, with its descendants, before this returns.
    static func run(_ request: ProcessRequest, live: LiveUsage) async -> Result<ProcessEnd, ProcessStartError> {
        _ = ignoresBrokenPipes
        let control = StopControl()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let failure = startThread {
                    do throws(ProcessStartError) {
                        continuation.resume(
                            returning: .success(try Supervisor.run(request, control: control, live: live))
                        )
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                if let failure { continuation.resume(returning: .failure(.thread(failure))) }
            }
        } onCancel: {
            control.stop()
        }
    }

    /// A program that closes its input early must not end the runner; children get the default back.
    private static let ignoresBrokenPipes: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs the closure on a new, detached thread.
    ///
    /// - Returns: why the thread could not be started, if it could not; the closure does not run then.
    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Errno? {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &thread,
            &attributes,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            },
            work.toOpaque()
        )
        guard code != 0 else { return nil }
        work.release()
        return Errno(code: code)
    }
}
