import CSpawn
import Glibc

/// The three streams between the runner and one program, moved without ever blocking on any of them.
struct ProcessPipes {
    struct Ends {
        var input: Int32 = -1
        var output: Int32 = -1
        var log: Int32 = -1

        func close() { for descriptor in [input, output, log] where descriptor >= 0 { Glibc.close(descriptor) } }
    }

    private var ends: Ends
    private var input: ArraySlice<UInt8>
    private let outputLimit: Int
    private let logLimit: Int
    private let onLog: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    private let onLogLine: (@Sendable (String) -> Void)?
    private var line: [UInt8] = []
    private(set) var output: [UInt8] = []
    private(set) var log: ByteTail
    /// The stream that went over its limit; what came after is thrown away.
    private(set) var excess: StopCause?

    /// A log line is passed on in pieces of this size at most.
    private static let lineLimit = 8192

    init(_ ends: Ends, request: ProcessRequest) {
        self.ends = ends
        input = (request.input ?? [])[...]
        outputLimit = request.limits.outputBytes
        logLimit = request.logLimit
        onLog = request.onLog
        onLogLine = request.onLogLine
        log = ByteTail(limit: request.logTail)
        // An empty input is an end of file at once.
        if input.isEmpty { closeInput() }
    }

    /// Makes the pipes. Without input the program reads from `/dev/null`.
    static func make(withInput: Bool) throws(ProcessStartError) -> (own: Ends, child: Ends) {
        var own = Ends()
        var child = Ends()
        func fail(_ code: Int32) -> ProcessStartError {
            own.close()
            child.close()
            return .pipes(Errno(code: code))
        }
        var pair: [Int32] = [-1, -1]
        var code: Int32 = 0
        if withInput {
            code = cspawn_pipe(&pair, 1)
            if code == 0 { (child.input, own.input) = (pair[0], pair[1]) }
        } else {
            child.input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            code = child.input < 0 ? errno : 0
        }
        guard code == 0 else { throw fail(code) }
        code = cspawn_pipe(&pair, 0)
        guard code == 0 else { throw fail(code) }
        (own.output, child.output) = (pair[0], pair[1])
        code = cspawn_pipe(&pair, 0)
        guard code == 0 else { throw fail(code) }
        (own.log, child.log) = (pair[0], pair[1])
        return (own, child)
    }

    /// Whether both standard output and standard error have ended.
    var outputsEnded: Bool { ends.output < 0 && ends.log < 0 }

    /// Waits until something can be moved, `wake` is readable, or the time is over; then moves what there is.
    mutating func poll(wake: Int32, until wait: Duration) {
        var descriptors = [
            pollfd(fd: ends.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ends.log, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ends.input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        // Rounded up: waking before the time would mean spinning until it has come.
        let milliseconds = (wait / .milliseconds(1)).rounded(.up)
        let ready = Glibc.poll(&descriptors, 4, Int32(min(max(milliseconds, 0), 60_000)))
        guard ready > 0 else { return }
        if descriptors[0].revents != 0 { readOutput() }
        if descriptors[1].revents != 0 { readLog() }
        if descriptors[2].revents != 0 { writeInput() }
    }

    /// Passes on a last log line that has no line feed, and closes everything.
    mutating func finish() {
        if !line.isEmpty { emitLine() }
        ends.close()
        ends = Ends()
    }

    private mutating func readOutput() {
        let ended = Self.read(from: ends.output) { chunk in
            // One byte over the limit is enough to know, and nothing beyond it is kept.
            guard output.count + chunk.count <= outputLimit else {
                excess = excess ?? .output
                return
            }
            output.append(contentsOf: chunk)
        }
        guard ended else { return }
        close(ends.output)
        ends.output = -1
    }

    private mutating func readLog() {
        let ended = Self.read(from: ends.log) { chunk in
            log.append(chunk)
            onLog?(chunk)
            if log.total > logLimit { excess = excess ?? .log }
            guard onLogLine != nil else { return }
            for byte in chunk {
                if byte == 0x0A || line.count >= Self.lineLimit { emitLine() }
                if byte != 0x0A { line.append(byte) }
            }
        }
        guard ended else { return }
        close(ends.log)
        ends.log = -1
    }

    private mutating func emitLine() {
        onLogLine?(String(decoding: line, as: UTF8.self))
        line.removeAll(keepingCapacity: true)
    }

    private mutating func writeInput() {
        let count = input.withUnsafeBytes { write(ends.input, $0.baseAddress, $0.count) }
        if count > 0 { input = input.dropFirst(count) }
        // A program need not read its input; closing it is not a failure.
        let failed = count < 0 && errno != EAGAIN && errno != EINTR
        if input.isEmpty || failed { closeInput() }
    }

    private mutating func closeInput() {
        if ends.input >= 0 { close(ends.input) }
        ends.input = -1
    }

    /// Reads what is there, at most 1 MiB, so that one loud stream cannot keep the loop from its other duties.
    ///
    /// - Returns: whether the stream has ended.
    private static func read(from descriptor: Int32, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
            for _ in 0..<16 {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count == 0 { return true }
                if count < 0 { return errno != EAGAIN && errno != EINTR }
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            return false
        }
    }
}
