import CSpawn
import Glibc

/// What a runner's process sets up before anything else.
public enum RunnerProcess {
    /// Prepares the process for running programs for a long time in little memory.
    ///
    /// Descendants of jobs that lose their parent become this process's children, so that they can be found; the
    /// heap is kept in few arenas; descriptors 0 to 2 are open, so that no pipe ever gets one of these numbers.
    public static func prepare() {
        cspawn_limit_arenas(2)
        // Signals that ask other daemons for a dump or for new configuration must not end the jobs of this one.
        for number in [SIGUSR1, SIGUSR2, SIGHUP, SIGALRM] { signal(number) { _ in } }
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        ChildProcesses.adoptOrphans(reapingStrangers: true)
    }

    /// The machine's name, for a runner that was given none.
    public static var hostname: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "runner" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// This process's id.
    public static var identifier: Int32 { getpid() }
}
