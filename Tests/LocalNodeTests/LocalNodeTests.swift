import APIMachinery
import Glibc
import ImageStore
import KubeAPI
import KubeClient
import KubeTestSupport
import ServiceLifecycleTestKit
import Synchronization
import Testing

@testable import LocalNode

/// The whole node with real processes, on an API server in memory.
struct LocalNodeTests {
    private func run(
        _ change: (inout LocalNode.Options) -> Void = { _ in },
        _ body: @Sendable (NodeFixture) async throws -> Void
    ) async throws {
        try await Programs.withDirectory { directory in
            let api = MemoryAPI()
            try await NodeFixture.with(api: api, directory: directory, change) { try await body($0) }
            // However the test ended, no process of the node is left.
            #expect(Programs.processes(with: "MARTINET_PLANE=\(realDirectory(directory))") == [])
        }
    }

    private func realDirectory(_ path: String) -> String {
        LocalNode.Options(dataDirectory: path, shimPath: "").planeMark
    }

    @Test func theNodeRegistersItself() async throws {
        try await run { fixture in
            try await until { fixture.node.isRegistered }
            let node = try await fixture.client.get(Node.self, name: "node")
            #expect(node.status?.conditions?.first { $0.type == "Ready" }?.status == "True")
            #expect((node.status?.allocatable?["cpu"]?.value ?? 0) > 0)
            try await until {
                try await fixture.client.find(Lease.self, namespace: "kube-node-lease", name: "node")?
                    .spec?.renewTime != nil
            }
        }
    }

    @Test func aPodIsBoundRunsAndIsDeletedInOrder() async throws {
        try await run { fixture in
            let script = "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.01; done"
            try await fixture.create("a", script)
            let pod = try await fixture.wait("a") { $0.isReady }
            #expect(pod.status?.phase == "Running")
            #expect(pod.spec?.nodeName == "node")
            #expect(pod.main?.state?.running != nil)
            #expect(pod.main?.containerID?.hasPrefix("pod-shim://") == true)
            try await until { try await fixture.log(pod).contains("hello\n") }
            #expect(Programs.processes(with: "MARTINET_POD_UID=\(pod.metadata.uid ?? "")").count >= 2)
            try await fixture.client.delete(Pod.self, namespace: "n", name: "a")
            try await fixture.waitUntilGone("a")
            #expect(Programs.processes(with: "MARTINET_POD_UID=\(pod.metadata.uid ?? "")") == [])
            for reason in ["Scheduled", "Pulled", "Created", "Started", "Killing"] {
                try await until { try await !fixture.events(reason).isEmpty }
            }
        }
    }

    @Test func programsThatEndDecideThePhase() async throws {
        try await run { fixture in
            try await fixture.create("good", "exit 0") { $0.spec?.restartPolicy = "Never" }
            try await fixture.create("bad", "echo why >&2; exit 3") { $0.spec?.restartPolicy = "Never" }
            let good = try await fixture.wait("good") { $0.isFinished }
            #expect(good.status?.phase == "Succeeded")
            let bad = try await fixture.wait("bad") { $0.isFinished }
            #expect(bad.status?.phase == "Failed")
            #expect(bad.main?.state?.terminated?.exitCode == 3)
            #expect(bad.main?.state?.terminated?.reason == "Error")
            #expect(try await fixture.log(bad) == "why\n")
        }
    }

    @Test func crashingContainersAreRestartedAndShowIt() async throws {
        try await run { fixture in
            try await fixture.create("a", "echo run; exit 1")
            let pod = try await fixture.wait("a") {
                $0.main?.state?.waiting?.reason == "CrashLoopBackOff" && ($0.main?.restartCount ?? 0) >= 2
            }
            #expect(pod.status?.phase == "Running")
            #expect(pod.main?.lastState?.terminated?.exitCode == 1)
            try await until { try await !fixture.events("BackOff").isEmpty }
            #expect(try await fixture.log(pod, PodLogOptions(previous: true)) == "run\n")
        }
    }

    @Test func imagesAreFoundWhenTheyAreAdded() async throws {
        try await run({ $0.backoffBase = .seconds(3600) }) { fixture in
            try await fixture.create("a", "exit 0") { pod in
                pod.spec?.restartPolicy = "Never"
                pod.spec?.containers[0].image = "tools/mine:1.0"
            }
            let waiting = try await fixture.wait("a") { $0.main?.state?.waiting?.reason == "ImagePullBackOff" }
            #expect(waiting.status?.phase == "Pending")
            #expect(waiting.main?.state?.waiting?.message?.contains("ctl image add tools/mine:1.0 PATH") == true)
            try ImageStore(dataDirectory: fixture.directory).add("tools/mine:1.0", path: "/bin/sh")
            let done = try await fixture.wait("a") { $0.isFinished }
            #expect(done.status?.phase == "Succeeded")
            #expect(done.main?.imageID == "/bin/sh")
        }
    }

    @Test func missingSecretsAreWaitedFor() async throws {
        try await run { fixture in
            try await fixture.create("a", "echo $TOKEN from $NAME; exit 0") { pod in
                pod.spec?.restartPolicy = "Never"
                pod.spec?.containers[0].env = [
                    EnvVar(name: "TOKEN", valueFrom: .init(secretKeyRef: .init(name: "s", key: "k"))),
                    EnvVar(name: "NAME", valueFrom: .init(fieldRef: .init(fieldPath: "metadata.name"))),
                ]
            }
            let waiting = try await fixture.wait("a") {
                $0.main?.state?.waiting?.reason == "CreateContainerConfigError"
            }
            #expect(waiting.main?.state?.waiting?.message == "secret \"s\" not found")
            var secret = Secret(metadata: ObjectMeta(name: "s", namespace: "n"))
            secret.data = ["k": "c2VjcmV0"]
            _ = try await fixture.client.create(secret)
            let done = try await fixture.wait("a") { $0.isFinished }
            #expect(try await fixture.log(done) == "secret from a\n")
        }
    }

    @Test func programsThatDoNotExistFailToStart() async throws {
        try await run { fixture in
            try await fixture.create("a", "") { pod in
                pod.spec?.restartPolicy = "Never"
                pod.spec?.containers[0].command = ["no-such-program"]
            }
            let pod = try await fixture.wait("a") { $0.isFinished }
            #expect(pod.main?.state?.terminated?.reason == "StartError")
            #expect(pod.main?.state?.terminated?.exitCode == 128)
            #expect(pod.main?.state?.terminated?.message?.contains("no-such-program") == true)
        }
    }

    @Test func stubbornContainersAreKilledAfterTheGracePeriod() async throws {
        try await run { fixture in
            try await fixture.create("a", "trap '' TERM; setsid sleep 1000 & while :; do sleep 0.01; done") {
                $0.spec?.terminationGracePeriodSeconds = 1
            }
            try await fixture.wait("a") { $0.isReady }
            try await fixture.client.delete(Pod.self, namespace: "n", name: "a")
            try await fixture.waitUntilGone("a")
        }
    }

    @Test func hungContainersAreRestarted() async throws {
        try await run { fixture in
            try await fixture.create("a", "touch \(fixture.directory)/alive; while :; do sleep 0.01; done") { pod in
                var probe = Probe()
                probe.exec = ExecAction(command: ["test", "-f", "\(fixture.directory)/alive"])
                (probe.periodSeconds, probe.failureThreshold) = (1, 1)
                pod.spec?.containers[0].livenessProbe = probe
                pod.spec?.containers[0].readinessProbe = probe
            }
            try await fixture.wait("a") { $0.isReady }
            unlink("\(fixture.directory)/alive")
            let pod = try await fixture.wait("a") { $0.main?.restartCount == 1 && $0.main?.state?.running != nil }
            #expect(pod.main?.lastState?.terminated != nil)
            try await until { try await !fixture.events("Unhealthy").isEmpty }
        }
    }

    @Test func tooMuchMemoryIsFatal() async throws {
        try await run { fixture in
            let greed = "MARTINET_JOB=7.0.1 sh -c \"x=\\$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 1000\""
            try await fixture.create("a", greed) { pod in
                pod.spec?.restartPolicy = "Never"
                pod.spec?.containers[0].resources = .init(limits: ["memory": Quantity(20_000_000)])
            }
            let pod = try await fixture.wait("a") { $0.isFinished }
            #expect(pod.main?.state?.terminated?.reason == "OOMKilled")
            #expect(pod.main?.state?.terminated?.exitCode == 137)
            let message = try #require(pod.main?.state?.terminated?.message)
            #expect(message.contains("its limit is 19 MB. Job 7.0.1 used most"), "\(message)")
        }
    }

    @Test func usageIsMeasured() async throws {
        try await run { fixture in
            try await fixture.create("a", "while :; do :; done")
            try await until { fixture.node.usage().first?.containers.first?.cpuNanocores ?? 0 > 50_000_000 }
            let usage = fixture.node.usage(namespace: "n").first
            #expect(usage?.name == "a")
            #expect(usage?.containers.first?.memoryBytes ?? 0 > 100_000)
            #expect(fixture.node.usage(namespace: "other").isEmpty)
            #expect(fixture.node.podMetrics().first?["kind"] == "PodMetrics")
        }
    }

    @Test func aKilledShimIsNoticedAndNothingIsLeft() async throws {
        try await run { fixture in
            let script =
                "setsid sleep 1000 & env -i sleep 1000 & env -i setsid sleep 1000 & while :; do sleep 0.01; done"
            try await fixture.create("a", script)
            let pod = try await fixture.wait("a") { $0.isReady }
            let mark = "MARTINET_POD_UID=\(pod.metadata.uid ?? "")"
            let worker = try #require(fixture.node.workers.first)
            let running = try #require(worker.state.withLock { $0.running["main"] })
            // Once the node has seen them it knows them, without a mark or a session to go by.
            try await until { (worker.state.withLock { $0.running["main"] }?.tree.count ?? 0) > 3 }
            let tree = try #require(worker.state.withLock { $0.running["main"] }).tree
            kill(running.shim, SIGKILL)
            let after = try await fixture.wait("a") { $0.main?.restartCount == 1 && $0.main?.state?.running != nil }
            #expect(after.main?.lastState?.terminated?.exitCode == 137)
            let table = ProcessTable.read()
            // Neither those with a mark, nor those of its session, nor those that had shed both.
            #expect(tree.count > 3)
            #expect(
                tree.allSatisfy { entry in
                    guard let now = table.processes[entry.pid] else { return true }
                    return now.isZombie || now.startTicks != entry.startTicks
                }
            )
            #expect(table.processes.values.allSatisfy { $0.session != running.main || $0.isZombie })
            try await until {
                let now = worker.state.withLock { $0.running["main"]?.shim } ?? 0
                let mine = Set(ProcessTable.read().tree(now).map(\.pid))
                return Programs.processes(with: mark).allSatisfy { mine.contains($0) }
            }
        }
    }

    @Test func podsSurviveTheNodesRestart() async throws {
        try await Programs.withDirectory { directory in
            let api = MemoryAPI()
            try await NodeFixture.with(api: api, directory: directory) { fixture in
                try await fixture.create("always", "while :; do sleep 0.01; done")
                try await fixture.create("never", "while :; do sleep 0.01; done") { $0.spec?.restartPolicy = "Never" }
                try await fixture.wait("always") { $0.isReady }
                try await fixture.wait("never") { $0.isReady }
                // The server is not there while the node dies, so that nothing can be told.
                api.setFault { $0.method == .patch ? Status.serviceUnavailable("gone") : nil }
            }
            api.setFault(nil)
            try await NodeFixture.with(api: api, directory: directory) { fixture in
                let always = try await fixture.wait("always") { $0.main?.restartCount == 1 && $0.isReady }
                #expect(always.main?.lastState?.terminated?.reason == "ContainerStatusUnknown")
                let never = try await fixture.wait("never") { $0.isFinished }
                #expect(never.status?.phase == "Failed")
            }
        }
    }

    @Test func shutdownEndsContainersInOrder() async throws {
        try await Programs.withDirectory { directory in
            try await testGracefulShutdown { trigger in
                let api = MemoryAPI()
                try await NodeFixture.with(api: api, directory: directory) { fixture in
                    let trap = "trap 'echo bye >\(directory)/bye; exit 0' TERM"
                    try await fixture.create("a", "\(trap); echo hello; while :; do sleep 0.01; done")
                    // A container without a probe is ready as soon as it runs, which is before its trap is set.
                    let pod = try await fixture.wait("a") { $0.isReady }
                    try await until { try await fixture.log(pod).contains("hello\n") }
                    trigger.triggerGracefulShutdown()
                    try await until { access("\(directory)/bye", R_OK) == 0 }
                    try await until { fixture.node.workers.isEmpty }
                    #expect(try await fixture.pod("a") != nil)
                }
            }
        }
    }

    @Test func logsAreFollowedToTheEnd() async throws {
        try await run { fixture in
            let go = "\(fixture.directory)/go"
            try await fixture.create("a", "echo one; while [ ! -e \(go) ]; do sleep 0.01; done; echo two") {
                $0.spec?.restartPolicy = "Never"
            }
            let pod = try await fixture.wait("a") { $0.isReady }
            var text = ""
            for try await chunk in try fixture.node.logs(of: Unstructured(encoding: pod), PodLogOptions(follow: true)) {
                text += String(decoding: chunk, as: UTF8.self)
                close(creat(go, 0o600))
            }
            #expect(text == "one\ntwo\n")
            #expect(throws: Status.self) {
                try fixture.node.logs(of: Unstructured(encoding: pod), PodLogOptions(container: "other"))
            }
            #expect(throws: Status.self) {
                try fixture.node.logs(of: Unstructured(encoding: pod), PodLogOptions(previous: true))
            }
        }
    }

    @Test func portsOfTheirOwnAreProbed() async throws {
        try await run { fixture in
            for name in ["a", "b"] {
                let script = "exec python3 -m http.server --bind 127.0.0.1 $MARTINET_HTTP_PORT"
                try await fixture.create(name, script) { pod in
                    pod.spec?.containers[0].env = [EnvVar(name: "MARTINET_HTTP_PORT", value: "8080")]
                    pod.spec?.containers[0].ports = [ContainerPort(name: "http", containerPort: 8080)]
                    pod.spec?.containers[0].workingDir = fixture.directory
                    var http = Probe(httpGet: HTTPGetAction(path: "/", port: .string("http")))
                    http.periodSeconds = 1
                    pod.spec?.containers[0].readinessProbe = http
                    var tcp = Probe()
                    tcp.tcpSocket = TCPSocketAction(port: .int(8080))
                    (tcp.periodSeconds, tcp.failureThreshold) = (1, 60)
                    pod.spec?.containers[0].startupProbe = tcp
                }
            }
            try await fixture.wait("a") { $0.isReady }
            try await fixture.wait("b") { $0.isReady }
        }
    }

    @Test func podsThatDoNotFitWaitAndSayWhy() async throws {
        try await run({ $0.capacity["cpu"] = Quantity(1) }) { fixture in
            for name in ["a", "b"] {
                try await fixture.create(name, "while :; do sleep 0.01; done") {
                    $0.spec?.containers[0].resources = .init(requests: ["cpu": Quantity(milli: 600)])
                }
            }
            try await fixture.wait("a") { $0.isReady }
            let waiting = try await fixture.wait("b") { $0.condition("PodScheduled")?.status == "False" }
            #expect(waiting.condition("PodScheduled")?.reason == "Unschedulable")
            #expect(
                waiting.condition("PodScheduled")?.message == "0/1 nodes are available: 1 Insufficient cpu."
            )
            try await fixture.client.delete(Pod.self, namespace: "n", name: "a")
            let bound = try await fixture.wait("b") { $0.isReady }
            #expect(bound.condition("PodScheduled")?.status == "True")
        }
    }
}
