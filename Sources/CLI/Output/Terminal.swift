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

    /// The text with what would steer a terminal shown as `^X`, as kubectl shows it, and line ends as spaces.
    static func harmless(_ text: String) -> String {
        func steers(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        }
        guard text.unicodeScalars.contains(where: steers) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: result.append(" ")
            case 0..<0x20, 0x7F: result.append(contentsOf: ["^", Unicode.Scalar(UInt8(scalar.value) ^ 0x40)])
            // The same commands in one character.
            case 0x80...0x9F: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
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
