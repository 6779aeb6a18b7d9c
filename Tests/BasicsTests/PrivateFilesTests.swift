import Basics
import FoundationEssentials
import Glibc
import Testing

/// A directory for one test.
enum TemporaryDirectory {
    static func use(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "basics-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }
}

/// Files that are replaced as a whole.
@Suite struct PrivateFilesTests {
    private static func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("A file is replaced, for its owner only, whatever a crash has left beside it")
    func replaced() throws {
        try TemporaryDirectory.use { directory in
            let path = "\(directory)/f"
            let temporary = "\(directory)/.f.\(getpid()).new"
            #expect(FileManager.default.createFile(atPath: temporary, contents: Data("half".utf8)))
            chmod(temporary, 0o666)
            try PrivateFiles.write("one", to: path)
            #expect(PrivateFiles.read(path) == "one")
            try PrivateFiles.write([UInt8](repeating: 0x61, count: 1 << 20), to: path)
            #expect(PrivateFiles.read(path)?.utf8.count == 1 << 20)
            #expect(Self.mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["f"])
        }
    }

    @Test("What cannot be written is left as it was, and the error says where")
    func refused() throws {
        try TemporaryDirectory.use { directory in
            let error = #expect(throws: FileError.self) {
                try PrivateFiles.write("x", to: "\(directory)/none/f")
            }
            #expect(error?.description.contains("\(directory)/none/f cannot be written") == true)
            // A directory stands where the file should.
            let path = "\(directory)/d"
            try FileManager.default.createDirectory(atPath: "\(path)/e", withIntermediateDirectories: true)
            #expect(throws: FileError.self) { try PrivateFiles.write("x", to: path) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["e"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["d"])
        }
    }

    @Test("A file that is written piece by piece is new, whole and private")
    func pieces() throws {
        try TemporaryDirectory.use { directory in
            let path = "\(directory)/f"
            do {
                let file = try PrivateFile(creating: path)
                for piece in ["a", "", "bc"] { try file.append(Array(piece.utf8)) }
                try file.synchronize()
            }
            #expect(PrivateFiles.read(path) == "abc")
            #expect(Self.mode(path) == 0o600)
            let error = #expect(throws: FileError.self) { _ = try PrivateFile(creating: path) }
            #expect(error?.description.hasPrefix("\(path) cannot be written: File exists; ") == true)
        }
    }

    @Test("A rename replaces what is there; a link does not")
    func names() throws {
        try TemporaryDirectory.use { directory in
            let (one, two, three) = ("\(directory)/1", "\(directory)/2", "\(directory)/3")
            try PrivateFiles.write("one", to: one)
            try PrivateFiles.write("two", to: two)
            #expect(throws: FileError.self) { try PrivateFiles.link(one, to: two) }
            #expect(PrivateFiles.read(two) == "two")
            try PrivateFiles.link(one, to: three)
            #expect(PrivateFiles.read(three) == "one")
            try PrivateFiles.rename(one, to: two)
            #expect(PrivateFiles.read(two) == "one" && PrivateFiles.read(one) == nil)
            #expect(throws: FileError.self) { try PrivateFiles.rename(one, to: two) }
        }
    }

    @Test("A directory is made with those above it, for its owner only")
    func directories() throws {
        try TemporaryDirectory.use { directory in
            try PrivateFiles.makeDirectory("\(directory)/a/b")
            try PrivateFiles.makeDirectory("\(directory)/a/b")
            #expect(Self.mode("\(directory)/a/b") == 0o700)
            try PrivateFiles.write("", to: "\(directory)/f")
            #expect(throws: FileError.self) { try PrivateFiles.makeDirectory("\(directory)/f/g") }
        }
    }
}
