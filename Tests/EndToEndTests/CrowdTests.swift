import KubeClient
import TestSupport
import Testing

/// Many at once: 1,000 watchers, 500 writers, clients that do not read or that send a byte a second, bodies of every
/// size, long lists. What each is owed, and the bounds of the server's memory, are in the script.
@Suite("A crowd", .serialized)
struct CrowdTests {
    @Test("Many clients at once are each answered as they should be, in bounded memory")
    func crowd() async throws {
        try await Files.withTemporaryDirectory { directory in
            let server = ServerProcess(directory: directory)
            let client = try await server.start()
            await client.shutdown()
            let process = try #require(server.processID)
            let script = "\(Files.root)/Tests/EndToEndTests/Clients/crowding.py"
            let words = ["python3", script, "--data-dir", server.dataDirectory, "--pid", String(process)]
            try await Commands(directory: directory).check(words)
            try await server.kill()
        }
    }
}
