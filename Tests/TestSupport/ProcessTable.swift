import FoundationEssentials
public import Glibc

/// The processes of this machine, read from /proc.
public enum ProcessTable {
    /// The command lines of other processes whose command line or environment the closure accepts.
    public static func commandLines(where accepts: (String) -> Bool) -> [String] {
        let own = getpid()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let processID = Int32(name), processID != own else { return nil }
            // A zombie is only an entry that its parent has not read yet.
            if Files.text("/proc/\(name)/stat").split(separator: ")").last?.dropFirst().first == "Z" { return nil }
            let environment = Files.text("/proc/\(name)/environ")
            let command = Files.text("/proc/\(name)/cmdline").split(separator: "\0").joined(separator: " ")
            return accepts(environment) || accepts(command) ? "\(name) \(command)" : nil
        }
    }

    /// The resident memory of a process in bytes.
    public static func residentMemory(of processID: pid_t) -> Int? {
        for line in Files.text("/proc/\(processID)/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
                .map { $0 * 1024 }
        }
        return nil
    }
}
