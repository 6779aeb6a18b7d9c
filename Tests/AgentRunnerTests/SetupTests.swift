import Testing

@testable import AgentRunner

@Suite("Setting a runner up")
struct SetupTests {
    private static let required = ["MARTINET_CONTROLLER_URL": "http://c:1", "MARTINET_POOL": "p"]

    private func options(
        _ environment: [String: String],
        _ change: (inout RunnerOptions.Flags) -> Void = { _ in }
    ) throws(RunnerOptionError) -> RunnerOptions {
        var flags = RunnerOptions.Flags()
        change(&flags)
        return try RunnerOptions(flags, environment: environment, hostname: "host", processID: 42)
    }

    @Test("The environment is enough, and defaults fill the rest")
    func defaults() throws {
        let options = try options(Self.required)
        #expect(options.controller == "http://c:1")
        #expect(options.identity == RunnerIdentity(namespace: "default", pool: "p", name: "host-42"))
        #expect(options.workers == 4)
        #expect(options.token == .none)
        #expect(options.httpHost == "127.0.0.1" && options.httpPort == 0)
        #expect(options.drainTimeout == .seconds(120))
    }

    @Test(
        "Outside of a Pod a runner is called after its host, as an object may be called",
        arguments: [
            ("Build_Host.Local", "build-host-local-1"), ("ä", "runner-1"), ("", "runner-1"), ("a--b-", "a-b-1"),
        ]
    )
    func hostNames(_ host: String, _ name: String) throws {
        let options = try RunnerOptions(
            RunnerOptions.Flags(),
            environment: Self.required,
            hostname: host,
            processID: 1
        )
        #expect(options.identity.name == name)
    }

    @Test("A Pod's environment")
    func pod() throws {
        let options = try options([
            "MARTINET_CONTROLLER_URL": "https://c", "MARTINET_POOL": "p", "MARTINET_WORKERS": "7",
            "MARTINET_TOKEN": "t", "MARTINET_HTTP_PORT": "9000", "POD_NAME": "pod", "POD_NAMESPACE": "ns",
            "POD_UID": "uid", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "MARTINET_DRAIN_TIMEOUT": "90",
        ])
        #expect(options.identity == RunnerIdentity(namespace: "ns", pool: "p", name: "pod"))
        #expect(options.workers == 7 && options.httpPort == 9000 && options.httpHost == "0.0.0.0")
        #expect(options.token == .value("t") && options.podUID == "uid" && options.drainTimeout == .seconds(90))
    }

    @Test("Flags win over the environment")
    func flags() throws {
        let options = try options(
            ["MARTINET_CONTROLLER_URL": "http://a", "MARTINET_POOL": "a", "MARTINET_TOKEN_FILE": "/f", "POD_NAME": "a"]
        ) {
            $0.controller = "http://b"
            $0.pool = "b"
            $0.name = "b"
            $0.workers = 1
            $0.token = "tok"
            $0.drainTimeout = "1m"
        }
        #expect(options.controller == "http://b" && options.identity.pool == "b" && options.identity.name == "b")
        #expect(options.workers == 1 && options.token == .value("tok") && options.drainTimeout == .seconds(60))
    }

    @Test(
        "What is wrong is named",
        arguments: [
            ([:], "no controller: give --controller URL or set MARTINET_CONTROLLER_URL"),
            (["MARTINET_CONTROLLER_URL": "http://c"], "no pool: give --pool NAME or set MARTINET_POOL"),
            (["MARTINET_CONTROLLER_URL": "c:8080", "MARTINET_POOL": "p"], "--controller is \"c:8080\""),
            (required.merging(["MARTINET_WORKERS": "0"]) { $1 }, "MARTINET_WORKERS is \"0\""),
            (required.merging(["MARTINET_WORKERS": "many"]) { $1 }, "MARTINET_WORKERS is \"many\""),
            (required.merging(["MARTINET_HTTP_PORT": "65536"]) { $1 }, "MARTINET_HTTP_PORT is \"65536\""),
            (required.merging(["MARTINET_DRAIN_TIMEOUT": "later"]) { $1 }, "--drain-timeout is \"later\""),
        ]
    )
    func wrong(_ environment: [String: String], _ beginning: String) {
        let error = #expect(throws: RunnerOptionError.self) { try options(environment) }
        #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
    }

    @Test("Facts about machines, from the files that tell them")
    func facts() {
        #expect(
            SystemFacts.prettyName(osRelease: "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n")
                == "Debian GNU/Linux 12"
        )
        #expect(SystemFacts.memoryTotalMB(meminfo: "MemTotal:       24684092 kB\nMemFree: 1 kB\n") == 24106)
        let cpus =
            "physical id\t: 0\ncore id\t: 0\n\nphysical id\t: 0\ncore id\t: 1\n\nphysical id\t: 0\ncore id\t: 0\n"
        #expect(SystemFacts.physicalCores(cpuinfo: cpus) == 2)
        #expect(SystemFacts.physicalCores(cpuinfo: "processor\t: 0\n") == nil)
        let none: (String) -> Bool = { _ in false }
        #expect(SystemFacts.containerRuntime(environment: [:], cgroup: "0::/init.scope", exists: none) == "none")
        #expect(SystemFacts.containerRuntime(environment: [:], cgroup: "0::/kubepods/x", exists: none) == "kubernetes")
        #expect(SystemFacts.containerRuntime(environment: ["container": "lxc"], cgroup: "", exists: none) == "lxc")
        #expect(SystemFacts.containerRuntime(environment: [:], cgroup: "", exists: { $0 == "/.dockerenv" }) == "docker")
        let here = SystemFacts.current(environment: [:])
        #expect(
            !here.os.isEmpty && !here.arch.isEmpty && here.cpusLogical >= here.cpusPhysical && here.memoryTotalMB > 0
        )
    }

    @Test("Pauses double up to a bound, less a random part")
    func retryPauses() {
        var pauses = RetryPauses(first: .milliseconds(100), longest: .seconds(2))
        var generator = SystemRandomNumberGenerator()
        for bound in [100.0, 200, 400, 800, 1600, 2000, 2000] {
            let pause = pauses.next(using: &generator) / .milliseconds(1)
            #expect(pause >= bound / 2 && pause <= bound)
        }
        pauses.reset()
        #expect(pauses.next(using: &generator) <= .milliseconds(100))
        #expect(pauses.next(atLeast: .seconds(7)) == .seconds(7))
        #expect(pauses.next(atLeast: .seconds(7000)) == .seconds(60))
    }
}
