import HTTPServing
import ControlPlane
import FoundationEssentials
import Glibc

/// What the process asks of the operating system.
enum ControllerProcess {
    static func prepare() {
        MemorySettings.prepare()
        // A closed connection is an error of that connection, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // Sent by people to other daemons for a dump, for new configuration, or by a terminal that closes. Handlers
        // and not SIG_IGN, which programs started later would inherit.
        for number in [SIGUSR1, SIGUSR2, SIGHUP, SIGALRM] { signal(number) { _ in } }
        ConnectionLimits.raiseOpenFileLimit()
    }

    /// The folder of the running program, where its companions are.
    static var directory: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { pointer -> Int in
            guard let start = pointer.baseAddress else { return 0 }
            return readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), pointer.count)
        }
        guard count > 0 else { return "." }
        let path = String(decoding: buffer.prefix(count), as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// Prints what to do next, once the plane is ready.
    static func greet(_ dataDirectory: String) {
        let text = """
            Martinet is ready. Next, in another terminal:
              export KUBECONFIG=\(dataDirectory)/kubeconfig
              kubectl apply -k manifests/examples/triage
              ctl run tree-triage -p tree=$PWD -p agents=$PWD/manifests/examples/triage/agents --watch

            """
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    /// Says why the program could not go on, and ends it.
    static func fail(_ message: String) -> Never {
        let text = Array("error: \(message)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }
}
