import APIMachinery

/// What the maker of a Pod is warned of in its volumes.
enum PodVolumeWarnings {
    static func all(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        let volumes = spec.list("volumes")
        return volumes.enumerated().flatMap { old($1, path.child("volumes").index($0)) }
            + volumes.flatMap(overlaps)
    }

    // MARK: What no longer works

    private static let oldSources: [(field: String, text: String)] = [
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
        ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ]

    private static func old(_ volume: JSONValue, _ path: FieldPath) -> [String] {
        var warnings = oldSources.filter { volume[$0.field] != nil }.map { source in
            "\(path.child(source.field == "storageos" ? "storageOS" : source.field)): \(source.text)"
        }
        let claim = volume.value(at: "ephemeral", "volumeClaimTemplate", "spec")
        let place = path.child("ephemeral", "volumeClaimTemplate", "spec", "resources", "requests")
        warnings += PodWarnings.amounts(claim?.value(at: "resources", "requests"), place, of: ["storage"])
        return warnings
    }

    // MARK: Overlapping paths

    /// A file in a volume, and which source has it, as a message names it.
    private struct File {
        var path: String
        var source: String

        static func trimmed(_ path: String) -> Substring {
            var rest = path[...]
            while rest.hasSuffix("/") { rest = rest.dropLast() }
            return rest
        }
    }

    private static func overlaps(_ volume: JSONValue) -> [String] {
        let name = GoText.quoted(volume["name"]?.stringValue ?? "")
        for (field, kind, member) in [
            ("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"), ("downwardAPI", "DownwardAPI", nil),
        ] as [(String, String, String?)] {
            guard let source = volume[field] else { continue }
            let files = paths(source).map { File(path: $0, source: "") }
            return warnings(files, "volume \(name) (\(self.name(source, kind, member))): overlapping paths")
        }
        guard let projected = volume["projected"] else { return [] }
        var files: [File] = []
        var empty: [String] = []
        for source in projected.list("sources") {
            if source.objectValue?.isEmpty != false {
                empty.append("volume \(name) (Projected) has no sources provided")
            }
            files += projectedFiles(source)
        }
        return empty + warnings(files, "volume \(name) (Projected): overlapping paths")
    }

    /// Of all pairs of files that would be the same, or one of them a directory of the other.
    private static func warnings(_ files: [File], _ start: String) -> [String] {
        var warnings: [String] = []
        var paths = PathTree()
        for (index, file) in files.enumerated() {
            for other in paths.insert(File.trimmed(file.path), index) {
                // An answer has no room for as many.
                guard warnings.count < PodWarnings.most else { return warnings }
                warnings.append("\(start): \(shown(file)) with \(shown(files[other]))")
            }
        }
        return warnings
    }

    /// Paths by their components, so that those that overlap are found without a look at all others.
    private struct PathTree {
        private struct Node {
            var children: [Substring: Int] = [:]
            /// The files at this path.
            var here: [Int] = []
            /// The first files at this path and below it, as many as are ever told.
            var below: [Int] = []
        }

        private var nodes = [Node()]

        /// Adds a file; answers those before it that overlap with it, in their order.
        mutating func insert(_ path: Substring, _ index: Int) -> [Int] {
            guard !path.isEmpty else { return [] }
            var found: [Int] = []
            var node = 0
            for component in path.split(separator: "/", omittingEmptySubsequences: false) {
                if node > 0 {
                    found += nodes[node].here.prefix(PodWarnings.most)
                    if nodes[node].below.count < PodWarnings.most { nodes[node].below.append(index) }
                }
                if let child = nodes[node].children[component] {
                    node = child
                } else {
                    nodes[node].children[component] = nodes.count
                    node = nodes.count
                    nodes.append(Node())
                }
            }
            found += nodes[node].below
            nodes[node].here.append(index)
            if nodes[node].below.count < PodWarnings.most { nodes[node].below.append(index) }
            return found.sorted()
        }
    }

    private static func shown(_ file: File) -> String {
        let path = GoText.quoted(String(File.trimmed(file.path)))
        return file.source.isEmpty ? path : "\(path) (\(file.source))"
    }

    private static func projectedFiles(_ source: JSONValue) -> [File] {
        for (field, kind, member) in [
            ("configMap", "ConfigMap", "name"), ("secret", "Secret", "name"), ("downwardAPI", "DownwardAPI", nil),
        ] as [(String, String, String?)] {
            guard let part = source[field] else { continue }
            let name = name(part, kind, member)
            return paths(part).map { File(path: $0, source: name) }
        }
        if let token = source["serviceAccountToken"] {
            return [File(path: token["path"]?.stringValue ?? "", source: "ServiceAccountToken")]
        }
        if let bundle = source["clusterTrustBundle"] {
            let name = name(bundle, "ClusterTrustBundle", bundle["name"] == nil ? "signerName" : "name")
            return [File(path: bundle["path"]?.stringValue ?? "", source: name)]
        }
        guard let certificate = source["podCertificate"] else { return [] }
        return ["keyPath", "certificateChainPath", "credentialBundlePath"].compactMap { field in
            certificate[field]?.stringValue.map { File(path: $0, source: "PodCertificate chain") }
        }
    }

    private static func name(_ source: JSONValue, _ kind: String, _ member: String?) -> String {
        guard let member else { return kind }
        return "\(kind) \(GoText.quoted(source[member]?.stringValue ?? ""))"
    }

    private static func paths(_ source: JSONValue) -> [String] {
        source.list("items").map { $0["path"]?.stringValue ?? "" }
    }
}
