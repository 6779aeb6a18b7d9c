import Basics
import FoundationEssentials
import Glibc
import Testing

@Suite struct SecretFileTests {
    @Test("A secret is made once, in a file of its owner's, and kept")
    func made() throws {
        try TemporaryDirectory.use { directory in
            let path = "\(directory)/token"
            let secret = try SecretFile.ensure(at: path)
            #expect(Hexadecimal.bytes(secret)?.count == 32)
            #expect(try SecretFile.ensure(at: path) == secret)
            #expect(PrivateFiles.read(path) == secret + "\n")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try SecretFile.ensure(at: "\(directory)/other") != secret)
        }
    }

    @Test(
        "A secret that is there is taken as it is; an empty file gets one",
        arguments: ["mine", "mine\n", " mine \n\n"]
    )
    func present(_ content: String) throws {
        try TemporaryDirectory.use { directory in
            let path = "\(directory)/token"
            try PrivateFiles.write(content, to: path)
            #expect(try SecretFile.ensure(at: path) == "mine")
            try PrivateFiles.write("\n", to: path)
            #expect(try SecretFile.ensure(at: path).utf8.count == 64)
        }
    }

    @Test("The error of one that cannot be kept names its file")
    func refused() throws {
        try TemporaryDirectory.use { directory in
            let error = #expect(throws: FileError.self) { try SecretFile.ensure(at: "\(directory)/none/token") }
            #expect(error?.description.contains("\(directory)/none/") == true)
        }
    }
}
