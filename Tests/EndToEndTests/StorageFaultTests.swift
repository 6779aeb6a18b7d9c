import APIMachinery
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The disk fails: the answer is a clear error, and nothing acknowledged is lost.
@Suite("Storage faults")
struct StorageFaultTests {
    @Test("A data directory that cannot be written is named, with what to do")
    func unwritable() async throws {
        try await Files.withTemporaryDirectory { directory in
            // A file in the directory's place cannot be written to by root either.
            try Files.write("", to: "\(directory)/file")
            let commands = Commands(directory: directory)
            let result = try await commands.run([
                "\(Plane.binaries)/controller", "standalone", "--data-dir", "\(directory)/file/data", "--api-port", "0",
                "--http-port", "0",
            ])
            #expect(!result.succeeded)
            #expect(result.err.contains("\(directory)/file/data"))
        }
    }

    @Test("A second controller on the same data directory is refused")
    func locked() async throws {
        try await Plane.with { plane in
            let result = try await plane.commands.run([
                "\(Plane.binaries)/controller", "standalone", "--data-dir", plane.dataDirectory, "--api-port", "0",
                "--http-port", "0",
            ])
            #expect(!result.succeeded)
            #expect(result.err.contains("in use"))
        }
    }

    @Test("A full disk refuses writes with a clear error, loses nothing, and is survived")
    func full() async throws {
        try await Files.withTemporaryDirectory { directory in
            let commands = Commands(directory: directory)
            let disk = "\(directory)/disk"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            let mounted = try await commands.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk])
            // Only root may mount; the same path is exercised by the storage conformance suite without it.
            guard mounted.succeeded else { return }
            let result: Result<Void, any Error>
            do {
                try await Plane.with(dataDirectory: "\(disk)/data") { plane in
                    try await plane.kubectl("create", "configmap", "before", "--from-literal=a=b")
                    _ = try await commands.run(["dd", "if=/dev/zero", "of=\(disk)/filler", "bs=64k"])
                    let big = String(repeating: "x", count: 200_000)
                    var refusal: CommandResult?
                    for index in 0..<40 where refusal == nil {
                        let result = try await plane.commands.run(
                            ["kubectl", "create", "-f", "-"],
                            input:
                                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big\#(index)"},"data":{"a":"\#(big)"}}"#
                        )
                        if !result.succeeded { refusal = result }
                    }
                    let answer = try #require(refusal, "the disk never filled up")
                    #expect(answer.err.contains("disk") || answer.err.contains("full"), "\(answer.err)")
                    let still = try await plane.kubectl("get", "configmap", "before", "-o", "name")
                    #expect(still.out.contains("before"))
                    unlink("\(disk)/filler")
                    try await eventually("writes work again") {
                        try await plane.commands.run(["kubectl", "create", "configmap", "after", "--from-literal=a=b"])
                            .succeeded
                    }
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            _ = try await commands.run(["umount", "-l", disk])
            try result.get()
        }
    }
}
