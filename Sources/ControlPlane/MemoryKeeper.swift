import Basics
import CLinux
import Glibc
import Logging
import ServiceLifecycle

/// Gives memory back after a burst, such as a list of everything.
///
/// malloc keeps what was freed, in the order in which it was used: one small object that lives on holds back all that
/// is below it. When much of what is resident is not in use, the pages of all free memory are given back.
struct MemoryKeeper: Service {
    var interval: Duration = .seconds(10)
    var logger: Logger

    /// Threads that allocate at the same time wait for each other's arenas; more of them keep more free memory.
    static let arenas: Int32 = 2

    /// Less than this is not worth the walk through all free memory.
    private static let slack: Int64 = 32 << 20

    /// Whether giving back is worth while.
    ///
    /// - Parameters:
    ///   - resident: bytes of memory that this process has to itself.
    ///   - inUse: those that are allocated.
    static func isWorthwhile(resident: Int64, inUse: Int64) -> Bool {
        let idle = resident - inUse
        return idle > slack && idle > inUse / 4
    }

    func run() async throws {
        // The only error is the cancellation that ends it.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: interval)
                give()
            }
        }
    }

    private func give() {
        guard let before = Self.resident(), Self.isWorthwhile(resident: before, inUse: Int64(cl_memory_in_use()))
        else { return }
        cl_memory_trim()
        logger.debug(
            "unused memory was returned to the system",
            metadata: ["before": "\(before)", "after": "\(Self.resident() ?? 0)"]
        )
    }

    /// The `RssAnon` of this process, in bytes.
    static func resident() -> Int64? { ProcFS.memory("RssAnon", of: getpid()) }
}

/// What a controller's process asks of malloc before it has threads.
public enum MemorySettings {
    /// Call at the very start.
    public static func prepare() { cl_limit_arenas(MemoryKeeper.arenas) }
}
