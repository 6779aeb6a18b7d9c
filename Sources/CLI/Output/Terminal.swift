import FoundationEssentials
import Glibc

/// What is known of the place that output goes to.
enum Terminal {
    /// Whether a person is looking at standard output.
    static let isInteractive = isatty(STDOUT_FILENO) == 1

    /// Whether colours are wanted: on a terminal, and not where NO_COLOR is set (no-color.org).
    static let hasColour: Bool = {
        let environment = ProcessInfo.processInfo.environment
        if environment["CLICOLOR_FORCE"].map({ $0 != "0" }) ?? false { return true }
        return isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
    }

    static func styled(_ text: String, _ style: Style?) -> String {
        guard hasColour, let style else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    /// How much fits on the terminal.
    struct Size {
        var columns: Int
        var rows: Int
    }

    /// The terminal's size now; people change it.
    static var size: Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Size(columns: 120, rows: 40)
        }
        return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Lets a write to a pipe without a reader fail, where it would end the process; so would signals that ask other
    /// programs for a dump or for their configuration to be read again.
    static func prepareSignals() {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGUSR1, SIGUSR2, SIGALRM] { signal(number) { _ in } }
    }

    static func write(_ text: String) {
        writeAll(Array(text.utf8), to: STDOUT_FILENO)
    }

    static func line(_ text: String = "") { write(text + "\n") }

    /// Says on standard error what went wrong.
    static func complain(_ message: String) {
        let head = isatty(STDERR_FILENO) == 1 ? "\u{1B}[31merror:\u{1B}[0m " : "error: "
        writeAll(Array((head + message + "\n").utf8), to: STDERR_FILENO)
    }

    /// A remark on standard error, which leaves standard output to the result.
    static func note(_ message: String) { writeAll(Array((message + "\n").utf8), to: STDERR_FILENO) }

    static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    /// Everything that comes in on standard input.
    static func readStandardInput() -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return result }
            result += buffer[..<count]
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // The reader has gone, as after `| head`: nothing is left to say to it.
            if written <= 0 { return }
            rest = rest.dropFirst(written)
        }
    }
}
