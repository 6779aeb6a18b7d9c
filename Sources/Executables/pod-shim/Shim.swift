import CLinux
import Glibc

/// The life of one container: start it, pass its output on, wait, clean up.
struct Shim {
    private let options: Options
    private var log: LogFile?
    private var output = LineFormatter(stream: "stdout")
    private var error = LineFormatter(stream: "stderr")
    /// The container's main process; its end is the container's end.
    private var main: pid_t = 0
    private var ended: (code: Int32, signal: Int32)?

    init(_ options: Options) {
        self.options = options
        log = LogFile(options)
    }

    /// Runs the container to its end. The shim's own exit code is 0 if it could say how the container ended.
    mutating func run() -> Int32 {
        cl_become_subreaper()
        // SIGTERM is passed on; the others mean that the shim itself is to end.
        let signals = cl_signal_descriptor([SIGCHLD, SIGTERM, SIGINT, SIGQUIT], 4)
        var pipes: (output: (read: Int32, write: Int32), error: (read: Int32, write: Int32)) = ((-1, -1), (-1, -1))
        guard signals >= 0, cl_pipe(&pipes.output.read, &pipes.output.write) == 0,
            cl_pipe(&pipes.error.read, &pipes.error.write) == 0
        else { return tell("failed pipe \(errno)") }
        if let (stage, code) = start(pipes.output.write, pipes.error.write) { return tell("failed \(stage) \(code)") }
        // From here on only the container holds the write ends.
        close(pipes.output.write)
        close(pipes.error.write)
        tell("started \(main)")
        var polled = [STDIN_FILENO, signals, pipes.output.read, pipes.error.read].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while ended == nil {
            guard poll(&polled, nfds_t(polled.count), -1) >= 0 || errno == EINTR else { break }
            if polled[0].revents != 0, !obey() { killAll() }
            if polled[1].revents != 0 { handleSignals(signals) }
            if polled[2].revents != 0, !copy(pipes.output.read, \.output) { polled[2].fd = -1 }
            if polled[3].revents != 0, !copy(pipes.error.read, \.error) { polled[3].fd = -1 }
        }
        killAll()
        // Nobody is left who could write, so what is in the pipes now is all there is.
        while copy(pipes.output.read, \.output, untilEmpty: true) {}
        while copy(pipes.error.read, \.error, untilEmpty: true) {}
        log?.append(output.finish())
        log?.append(error.finish())
        guard let ended else { return 1 }
        return tell(ended.signal == 0 ? "exited \(ended.code)" : "signaled \(ended.signal)")
    }

    /// Starts the program; the stage and the errno if it cannot be.
    private mutating func start(_ output: Int32, _ error: Int32) -> (String, Int32)? {
        var arguments: [UnsafeMutablePointer<CChar>?] = options.arguments.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var stage: UnsafePointer<CChar>?
        var pid: pid_t = 0
        let path = strdup(options.path)
        let directory = options.directory.map { strdup($0) } ?? nil
        defer {
            free(path)
            free(directory)
        }
        let code = arguments.withUnsafeMutableBufferPointer { argv in
            var program = cl_program(
                path: path,
                argv: argv.baseAddress,
                envp: environ,
                directory: directory,
                output: output,
                error: error
            )
            return cl_start(&program, &pid, &stage)
        }
        main = pid
        return code == 0 ? nil : (stage.map { String(cString: $0) } ?? "start", code)
    }

    /// Reads what the plane says; false if everything is to be killed.
    private func obey() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        guard count > 0, !buffer[..<count].contains(UInt8(ascii: "k")) else { return false }
        if buffer[..<count].contains(UInt8(ascii: "t")) { kill(main, SIGTERM) }
        return true
    }

    private mutating func handleSignals(_ descriptor: Int32) {
        while case let signal = cl_next_signal(descriptor), signal != 0 {
            switch signal {
            case SIGCHLD: _ = reap()
            case SIGTERM: if ended == nil { kill(main, SIGTERM) }
            default: killAll()
            }
        }
    }

    /// Collects children that have ended; false when there are no children left.
    private mutating func reap() -> Bool {
        while true {
            var (code, signal): (Int32, Int32) = (0, 0)
            let pid = cl_reap(&code, &signal)
            if pid <= 0 { return pid == 0 }
            if pid == main { ended = (code, signal) }
        }
    }

    /// Kills every descendant and waits until there is none. Orphans become children of this process, so that no
    /// children means no descendants, wherever they may have tried to hide.
    private mutating func killAll() {
        while reap() {
            for pid in ProcessTree.descendants() { kill(pid, SIGKILL) }
            usleep(1000)
        }
    }

    /// Passes output on to the log; false when there is no more.
    private mutating func copy(
        _ descriptor: Int32,
        _ formatter: WritableKeyPath<Shim, LineFormatter>,
        untilEmpty: Bool = false
    ) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 32 * 1024)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 { return !untilEmpty && (errno == EAGAIN || errno == EINTR) }
        guard count > 0 else { return false }
        let lines = self[keyPath: formatter].append(buffer[..<count])
        log?.append(lines)
        return true
    }

    /// Tells the plane, which may be gone.
    @discardableResult
    private func tell(_ text: String) -> Int32 {
        write(bytes: Array("\(text)\n".utf8), to: STDOUT_FILENO) ? 0 : 1
    }
}
