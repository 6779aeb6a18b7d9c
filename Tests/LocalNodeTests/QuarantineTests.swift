import APIMachinery
import Containment
import FoundationEssentials
import KubeAPI
import KubeClient
import Logging
import Testing

@testable import LocalNode

/// Pods that the process died over twice.
struct QuarantineTests {
    /// Runs the body beside a node by whose record these Pods are put aside.
    private func run(_ names: String..., body: (NodeFixture, Containment) async throws -> Void) async throws {
        try await Programs.withDirectory { directory in
            let entries = names.map { name -> JSONValue in
                [
                    "kind": "pod", "namespace": "n", "name": .string(name), "deaths": 2, "signal": "SIGILL",
                    "since": "2026-01-02T03:04:05Z",
                ]
            }
            let record: JSONValue = ["quarantined": .array(entries)]
            try Data(record.bytes).write(to: URL(filePath: "\(directory)/quarantine.json"))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let containment = try Containment(directory: directory, logger: logger)
            try await NodeFixture.with(directory: directory, containment: containment) { fixture in
                try await body(fixture, containment)
            }
        }
    }

    private func isQuarantined(_ pod: Pod) -> Bool { pod.condition("Quarantined")?.status == "True" }

    @Test func nothingRunsUntilItIsReleased() async throws {
        try await run("a") { fixture, containment in
            try await fixture.create("a", "while :; do sleep 0.01; done")
            try await fixture.create("b", "while :; do sleep 0.01; done")
            let pod = try await fixture.wait("a", isQuarantined)
            #expect(pod.main?.state?.running == nil && !pod.isReady)
            #expect(pod.condition("Quarantined")?.message?.contains("ctl quarantine release") == true)
            try await fixture.wait("b") { $0.isReady }
            let entry = try #require(containment.entry(.pod, "n", "a"))
            try await containment.release(id: entry.subject.id)
            try await fixture.wait("a") { $0.isReady }
            #expect(containment.isEmpty)
        }
    }

    @Test func aDeletedOneIsRemovedAndForgotten() async throws {
        try await run("a") { fixture, containment in
            try await fixture.create("a", "while :; do sleep 0.01; done")
            try await fixture.wait("a", isQuarantined)
            try await fixture.client.delete(Pod.self, namespace: "n", name: "a")
            try await fixture.waitUntilGone("a")
            try await until { containment.isEmpty }
            // What comes under its name later is another one.
            try await fixture.create("a", "while :; do sleep 0.01; done")
            try await fixture.wait("a") { $0.isReady }
        }
    }
}
