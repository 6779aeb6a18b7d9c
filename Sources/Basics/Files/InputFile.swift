import Glibc

/// A file that a person, a script or the environment names: read as a whole, with errors that say in plain words what
/// is wrong with it and what to do.
public enum InputFile {
    /// The greatest file that is read; manifests, parameters, certificates and tokens are far below it.
    public static let maximumBytes = 256 << 20

    /// The bytes of a file. Pipes such as `/dev/stdin` and `<(…)` are files too.
    ///
    /// - Throws: an `InputFileError`.
    public static func bytes(_ path: String) throws(InputFileError) -> [UInt8] {
        let descriptor = try open(path)
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw InputFileError(path, errno: errno) }
            guard count > 0 else { return result }
            guard result.count + count <= maximumBytes else { throw InputFileError(path, .tooLarge) }
            result += buffer[..<count]
        }
    }

    /// The text of a file.
    ///
    /// - Throws: an `InputFileError`, also if the file is not UTF-8, or is empty where it may not be.
    public static func text(_ path: String, mayBeEmpty: Bool = false) throws(InputFileError) -> String {
        let bytes = try bytes(path)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw InputFileError(path, .notText) }
        let isEmpty = text.unicodeScalars.allSatisfy { $0.properties.isWhitespace || $0 == "\u{FEFF}" }
        guard mayBeEmpty || !isEmpty else { throw InputFileError(path, .empty) }
        return text
    }

    /// Checks that a file can be read, and leaves it to others to do so.
    ///
    /// - Throws: an `InputFileError`.
    public static func check(_ path: String) throws(InputFileError) { close(try open(path)) }

    private static func open(_ path: String) throws(InputFileError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw InputFileError(path, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return descriptor }
        close(descriptor)
        throw InputFileError(path, .directory)
    }
}

/// Why a file that was named cannot be used.
public struct InputFileError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Fault: Sendable, Equatable {
        case missing, directory, permission, tooLarge, notText, empty
        /// Another reason of the operating system's.
        case system(Int32)
    }

    public var path: String
    public var fault: Fault

    public init(_ path: String, _ fault: Fault) {
        self.path = path
        self.fault = fault
    }

    init(_ path: String, errno code: Int32) {
        let fault: Fault =
            switch code {
            case ENOENT, ENOTDIR: .missing
            case EISDIR: .directory
            case EACCES, EPERM: .permission
            default: .system(code)
            }
        self.init(path, fault)
    }

    public var description: String { "\(path) \(reason)" }

    /// What is wrong, for messages that have named the file already: `is empty; …`.
    public var reason: String {
        switch fault {
        case .missing: "does not exist; check the path"
        case .directory: "is a directory; name a file in it"
        case .permission: "cannot be read: permission denied; check who may read the file and enter its directories"
        case .tooLarge: "is larger than \(InputFile.maximumBytes >> 20) MiB; name another file"
        case .notText: "is not a text in UTF-8; name another file, or convert this one"
        case .empty: "is empty; name another file, or write it first"
        case .system(let code): "cannot be read: \(String(cString: strerror(code))); name another file"
        }
    }
}
