import Basics
public import Glibc

/// The processes of this machine, read from /proc.
public enum ProcessTable {
    /// The command lines of other processes whose command line or environment the closure accepts.
    public static func commandLines(where accepts: (String) -> Bool) -> [String] {
        // A zombie is only an entry that its parent has not read yet.
        ProcFS.all().filter { $0.pid != getpid() && !$0.isZombie }.compactMap { process in
            let environment = Files.text("/proc/\(process.pid)/environ")
            let command = Files.text("/proc/\(process.pid)/cmdline").split(separator: "\0").joined(separator: " ")
            return accepts(environment) || accepts(command) ? "\(process.pid) \(command)" : nil
        }
    }

    /// The resident memory of a process in bytes.
    public static func residentMemory(of processID: pid_t) -> Int? {
        ProcFS.memory("VmRSS", of: processID).map(Int.init)
    }
}
