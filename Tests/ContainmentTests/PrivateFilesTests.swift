import DurableFiles
import FoundationEssentials
import Glibc
import Testing

/// Files that are replaced as a whole.
@Suite struct PrivateFilesTests {
    @Test("A file is replaced, for its owner only, whatever a crash has left beside it")
    func replaced() async throws {
        try await ContainmentTests.withDirectory { directory in
            let path = "\(directory)/f"
            #expect(FileManager.default.createFile(atPath: "\(path).new", contents: Data("half".utf8)))
            chmod("\(path).new", 0o666)
            try PrivateFiles.write("one", to: path)
            #expect(PrivateFiles.read(path) == "one")
            try PrivateFiles.write([UInt8](repeating: 0x61, count: 1 << 20), to: path)
            #expect(PrivateFiles.read(path)?.utf8.count == 1 << 20)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["f"])
        }
    }

    @Test("What cannot be written is left as it was, and the error says where")
    func refused() async throws {
        try await ContainmentTests.withDirectory { directory in
            let error = #expect(throws: FileError.self) {
                try PrivateFiles.write("x", to: "\(directory)/none/f")
            }
            #expect(error?.description.contains("\(directory)/none/f.new cannot be written") == true)
            // A directory stands where the file should.
            let path = "\(directory)/d"
            try FileManager.default.createDirectory(atPath: "\(path)/e", withIntermediateDirectories: true)
            #expect(throws: FileError.self) { try PrivateFiles.write("x", to: path) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["e"])
        }
    }
}
