public import APIMachinery
import CLinux
import FoundationEssentials
import Glibc

extension LocalNode {
    /// What a node is and has.
    public struct Options: Sendable {
        /// Where images and logs are.
        public var dataDirectory: String
        /// The `pod-shim` program.
        public var shimPath: String
        /// Image names that come with the program, and their executables.
        public var builtInImages: [String: String]
        /// The Node's name.
        public var nodeName: String
        /// Where host and Pods are reached.
        public var address: String
        /// What Pods can be given.
        public var capacity: [String: Quantity]
        /// The version that the Node shows.
        public var version: String
        /// The variables that every container gets; nothing else of the plane's environment reaches one.
        public var environment: [String: String]
        /// How long a container that ended waits for its second restart (10 s), and at most (5 min).
        public var backoffBase: Duration
        public var backoffCap: Duration
        /// How often the Lease is renewed.
        public var heartbeat: Duration
        /// How often usage is measured and memory limits are checked.
        public var usageInterval: Duration
        /// How long containers have to end when the node stops, if their own grace period is not shorter; `nil` leaves it
        /// to the Pods.
        public var shutdownGrace: Duration?
        /// When a log file is put aside, in bytes, and how many there may be.
        public var logSize: Int
        public var logFiles: Int

        /// This machine.
        public init(
            dataDirectory: String,
            shimPath: String,
            builtInImages: [String: String] = [:],
            nodeName: String? = nil,
            version: String = "v0.0.0"
        ) {
            self.dataDirectory = dataDirectory
            self.shimPath = shimPath
            self.builtInImages = builtInImages
            self.version = version
            self.nodeName = nodeName ?? Self.hostName()
            address = "127.0.0.1"
            capacity = [
                "cpu": Quantity(Int64(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1))),
                "memory": Quantity(Int64(cl_memory_total() / 1024 * 1024), format: .binarySI), "pods": Quantity(110),
            ]
            environment = Self.inheritedEnvironment(ProcessInfo.processInfo.environment)
            backoffBase = .seconds(10)
            backoffCap = .seconds(300)
            heartbeat = .seconds(10)
            usageInterval = .seconds(2)
            logSize = 10 * 1024 * 1024
            logFiles = 5
        }

        /// Tells the processes of this plane from those of another on the same machine: the data directory's real path.
        var planeMark: String {
            let path = realpath(dataDirectory, nil)
            defer { free(path) }
            return path.map { String(cString: $0) } ?? dataDirectory
        }

        /// The host's name in the form that names of objects have: the Node's default name.
        public static func hostName() -> String {
            let name = ProcessInfo.processInfo.hostName.lowercased().map { character in
                character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == ".")
                    ? character : "-"
            }
            let trimmed = String(name).trimmingPrefix { $0 == "-" || $0 == "." }.prefix(63)
            return trimmed.isEmpty ? "localhost" : String(trimmed)
        }

        /// What programs need to work at all. Everything else is the plane's own affair, secrets above all.
        static func inheritedEnvironment(_ all: [String: String]) -> [String: String] {
            var result = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            let proxies = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
            for name in ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"] + proxies {
                if let value = all[name] { result[name] = value }
            }
            return result
        }
    }
}
