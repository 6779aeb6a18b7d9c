/// What the plane asks for on the command line.
struct Options {
    /// Where the program's output goes; nowhere if absent.
    var log: String?
    /// When a log file is put aside, in bytes.
    var logSize = 10 * 1024 * 1024
    /// How many log files there may be, the present one included.
    var logFiles = 5
    /// Where the program starts.
    var directory: String?
    /// The program.
    var path: String
    /// Its arguments, its own name first.
    var arguments: [String]

    /// Reads the command line; `nil` if it makes no sense.
    init?(_ words: [String]) {
        guard let end = words.firstIndex(of: "--") else { return nil }
        let program = words[(end + 1)...]
        guard program.count >= 2, let path = program.first else { return nil }
        self.path = path
        arguments = Array(program.dropFirst())
        var flags = words[..<end]
        while let flag = flags.popFirst() {
            guard let value = flags.popFirst() else { return nil }
            switch flag {
            case "--log": log = value
            case "--directory": directory = value
            case "--log-size":
                guard let size = Int(value), size > 0 else { return nil }
                logSize = size
            case "--log-files":
                guard let count = Int(value), count > 0 else { return nil }
                logFiles = count
            default: return nil
            }
        }
    }
}
