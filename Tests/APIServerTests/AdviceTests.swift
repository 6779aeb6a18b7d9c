import APIMachinery

import Testing

/// What is said of kinds that are only served as empty lists.
@Suite struct AdviceTests {
    @Test(
        "Who makes an object of a kind that does nothing here hears what to do instead",
        arguments: [
            ("/apis/apps/v1/namespaces/default/deployments", "deployments.apps"),
            ("/apis/batch/v1/namespaces/default/jobs", "jobs.batch"),
        ]
    )
    func advice(_ path: String, _ kind: String) async throws {
        let server = try await TestServer(advice: [kind: "do this"])
        let refused = await server.request("POST", path, ["metadata": ["name": "a"]])
        #expect(refused.status == 405)
        #expect(
            refused.body["message"] == "the server does not allow this method on the requested resource: do this"
        )
        #expect(await server.request("GET", path).body["items"] == [])
        let silent = try await TestServer()
        let plain = await silent.request("POST", path, ["metadata": ["name": "a"]])
        #expect(plain.body["message"] == "the server does not allow this method on the requested resource")
    }
}
