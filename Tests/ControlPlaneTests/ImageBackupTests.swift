import APIMachinery
import FoundationEssentials
import Storage
import Testing

@testable import ControlPlane

/// Image files in backups.
@Suite struct ImageBackupTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/images-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func images(in path: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        try BackupFile(verifying: path).forEach { entry in
            if case .image(let name, let bytes) = entry { found[name] = bytes }
        }
        return found
    }

    private func backup(_ directory: String, to path: String) async throws {
        let writer = try BackupWriter(path: path, program: "test", createdAt: .init(seconds: 1_800_000_000))
        try await ImageBackup(directory: directory).write(to: writer)
        try writer.finish()
    }

    @Test("Every image file is in the backup; without an image store there are none")
    func whole() async throws {
        try await withDirectory { directory in
            try await backup("\(directory)/images", to: "\(directory)/none.backup")
            #expect(try images(in: "\(directory)/none.backup").isEmpty)
            try FileManager.default.createDirectory(atPath: "\(directory)/images", withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: "\(directory)/images/a.json", contents: Data("{}".utf8)))
            try await backup("\(directory)/images", to: "\(directory)/one.backup")
            #expect(try images(in: "\(directory)/one.backup") == ["a.json": Array("{}".utf8)])
        }
    }

    @Test("What cannot be read is an error that names it, and no backup without it")
    func unreadable() async throws {
        try await withDirectory { directory in
            // A directory in a file's place cannot be read by anybody, root included.
            try FileManager.default.createDirectory(
                atPath: "\(directory)/images/a.json",
                withIntermediateDirectories: true
            )
            let failure = await #expect(throws: BackupError.self) {
                try await backup("\(directory)/images", to: "\(directory)/x.backup")
            }
            #expect(failure.map { "\($0)".contains("images/a.json cannot be read") } == true)
            try FileManager.default.removeItem(atPath: "\(directory)/images")
            #expect(FileManager.default.createFile(atPath: "\(directory)/images", contents: Data()))
            await #expect(throws: BackupError.self) {
                try await backup("\(directory)/images", to: "\(directory)/y.backup")
            }
        }
    }
}
