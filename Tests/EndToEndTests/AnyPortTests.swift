import Glibc
import TestSupport
import Testing

/// A plane on ports that the system chooses.
@Suite("Any port")
struct AnyPortTests {
    @Test("Runners find the HTTP port whichever it is")
    func anyPort() async throws {
        try await Files.withTemporaryDirectory { directory in
            let commands = Commands(directory: directory, environment: ["KUBECONFIG": "\(directory)/data/kubeconfig"])
            let controller = try commands.start([
                "\(Plane.binaries)/controller", "standalone", "--data-dir", "\(directory)/data", "--api-port", "0",
                "--http-port", "0",
            ])
            do {
                try await eventually("a pool is made") {
                    let made = try await commands.run(["kubectl", "apply", "-f", "-"], input: QuarantineTests.pool)
                    return made.succeeded
                }
                let path = "jsonpath={.status.readyReplicas}"
                try await eventually("its runner is registered") {
                    try await commands.run(["kubectl", "get", "workerpool", "default", "-o", path]).out == "1"
                }
            } catch {
                controller.signal(SIGKILL)
                throw error
            }
            controller.signal(SIGTERM)
            #expect(try await controller.wait() == .code(0))
        }
    }
}
