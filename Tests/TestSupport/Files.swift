import FoundationEssentials
import Glibc

/// Files for tests.
public enum Files {
    /// The root of the checkout.
    public static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    /// A file's text; empty if there is none.
    public static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Writes a file with that text.
    public static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    /// Writes a file with those bytes, which need not be a text.
    public static func write(bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    /// The names of the files in a directory.
    public static func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
    }

    /// Runs a test with a directory of its own, which is removed afterwards unless the test failed.
    public static func withTemporaryDirectory<Result>(
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/martinet-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ChildProcess.StartError(description: "mkdtemp: \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let result = try await body(path)
        try? FileManager.default.removeItem(atPath: path)
        return result
    }
}
