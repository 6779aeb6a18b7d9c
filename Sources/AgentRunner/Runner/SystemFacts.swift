import APIMachinery
import Glibc

/// What a runner reports about the machine it is on, under the names of the runners' protocol.
struct SystemFacts: Sendable, Equatable {
    var os: String
    var arch: String
    var hostname: String
    var cpusLogical: Int
    var cpusPhysical: Int
    var memoryTotalMB: Double
    var runtimeVersion: String
    var containerRuntime: String

    /// The facts about this machine.
    static func current(environment: [String: String]) -> SystemFacts {
        var name = utsname()
        uname(&name)
        let logical = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let total = ProcFS.text(of: "/proc/meminfo").flatMap { memoryTotalMB(meminfo: $0) } ?? 0
        return SystemFacts(
            os: ProcFS.text(of: "/etc/os-release").flatMap { prettyName(osRelease: $0) } ?? string(&name.sysname),
            arch: string(&name.machine),
            hostname: string(&name.nodename),
            cpusLogical: logical,
            cpusPhysical: min(
                logical,
                ProcFS.text(of: "/proc/cpuinfo").flatMap { physicalCores(cpuinfo: $0) } ?? logical
            ),
            memoryTotalMB: total,
            runtimeVersion: swiftVersion,
            containerRuntime: containerRuntime(
                environment: environment,
                cgroup: ProcFS.text(of: "/proc/1/cgroup") ?? "",
                exists: { access($0, F_OK) == 0 }
            )
        )
    }

    var json: JSONValue {
        [
            "os": .string(os), "arch": .string(arch), "hostname": .string(hostname),
            "cpus_logical": .int(Int64(cpusLogical)), "cpus_physical": .int(Int64(cpusPhysical)),
            "memory_total_mb": .double(memoryTotalMB), "runtime_version": .string(runtimeVersion),
            "container_runtime": .string(containerRuntime),
        ]
    }

    static func prettyName(osRelease: String) -> String? {
        let line = osRelease.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst(12).filter { $0 != "\"" } }
    }

    static func memoryTotalMB(meminfo: String) -> Double? {
        let line = meminfo.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line.flatMap { Double($0.filter(\.isNumber)) }.map { ($0 / 1024).rounded() }
    }

    /// Cores without their hyper-threads: distinct pairs of package and core. Virtual machines may name neither.
    static func physicalCores(cpuinfo: String) -> Int? {
        var package: Substring = ""
        var cores: Set<String> = []
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0].hasPrefix("physical id") { package = parts[1] }
            if parts[0].hasPrefix("core id") { cores.insert("\(package)/\(parts[1])") }
        }
        return cores.isEmpty ? nil : cores.count
    }

    static func containerRuntime(
        environment: [String: String],
        cgroup: String,
        exists: (String) -> Bool
    ) -> String {
        if environment["KUBERNETES_SERVICE_HOST"] != nil { return "kubernetes" }
        if exists("/.dockerenv") { return "docker" }
        if exists("/run/.containerenv") { return "podman" }
        if let name = environment["container"], !name.isEmpty { return name }
        for name in ["kubepods", "docker", "containerd", "crio", "podman", "lxc"] where cgroup.contains(name) {
            return name == "kubepods" ? "kubernetes" : name
        }
        return "none"
    }

    private static var swiftVersion: String {
        #if swift(>=6.4)
            "Swift 6.4 or later"
        #elseif swift(>=6.3)
            "Swift 6.3"
        #else
            "Swift 6.2"
        #endif
    }

    /// A fixed array of characters as text.
    private static func string<Characters>(_ characters: inout Characters) -> String {
        withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
