import APIMachinery

/// What the maker of a Pod is warned of: it is taken, but may not mean what it seems to (`pkg/api/pod/warnings.go`).
enum PodWarnings {
    /// As many warnings of one kind as are looked for: an answer's headers have room for far fewer.
    static let most = 500

    static func all(of pod: JSONValue) -> [String] {
        let spec = pod["spec"] ?? .null
        let path = FieldPath("spec")
        return name(pod) + scheduling(spec, path) + annotations(pod) + PodVolumeWarnings.all(spec, path)
            + repeated(spec, path)
            + PodAddressWarnings.all(spec, path)
            + amounts(spec["overhead"], path.child("overhead")) + containers(spec, path)
            + PodPortWarnings.all(spec, path)
            + ending(spec, path) + affinity(spec, path)
    }

    private static func name(_ pod: JSONValue) -> [String] {
        let faults = Validation.dns1123Label(Unstructured(pod).name)
        guard !faults.isEmpty else { return [] }
        return [
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is "
                + "recommended: [\(faults.joined(separator: " "))]"
        ]
    }

    // MARK: Scheduling

    private static let oldNodeLabels: [String: String] = [
        "beta.kubernetes.io/arch": "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os": "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region":
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        "failure-domain.beta.kubernetes.io/zone": "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        "beta.kubernetes.io/instance-type": "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ]

    private static func scheduling(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        for key in spec["nodeSelector"]?.objectValue?.keys.sorted() ?? [] {
            if let text = oldNodeLabels[key] { warnings.append("\(path.child("nodeSelector").key(key)): \(text)") }
        }
        let affinity = spec.value(at: "affinity", "nodeAffinity") ?? .null
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let base = path.child("affinity", "nodeAffinity")
        for (index, term) in (affinity[required] ?? .null).list("nodeSelectorTerms").enumerated() {
            warnings += nodeTerm(term, base.child(required, "nodeSelectorTerms").index(index))
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        for (index, term) in affinity.list(preferred).enumerated() {
            let preference = term["preference"] ?? .null
            warnings += nodeTerm(preference, base.child(preferred).index(index).child("preference"), checksValues: true)
        }
        for (index, constraint) in spec.list("topologySpreadConstraints").enumerated() {
            let place = path.child("topologySpreadConstraints").index(index)
            let key = constraint["topologyKey"]?.stringValue ?? ""
            if let text = oldNodeLabels[key] {
                warnings.append("\(place.child("topologyKey")): \(key) is \(text)")
            }
            if constraint["labelSelector"] == nil { warnings.append(matchesNothing(place.child("labelSelector"))) }
        }
        return warnings
    }

    /// - Parameter checksValues: Whether values that no label can have are told; elsewhere they are refused.
    private static func nodeTerm(_ term: JSONValue, _ path: FieldPath, checksValues: Bool = false) -> [String] {
        term.list("matchExpressions").enumerated().flatMap { index, expression in
            let place = path.child("matchExpressions").index(index)
            let key = expression["key"]?.stringValue ?? ""
            let old = oldNodeLabels[key].map { ["\(place.child("key")): \(key) is \($0)"] } ?? []
            guard checksValues else { return old }
            return old
                + expression.list("values").enumerated().flatMap { index, value in
                    let text = value.stringValue ?? ""
                    return Validation.labelValue(text).map {
                        "\(place.child("values").index(index)): \(text) is invalid, \($0)"
                    }
                }
        }
    }

    private static func matchesNothing(_ path: FieldPath) -> String {
        "\(path): a null labelSelector results in matching no pod"
    }

    private static func affinity(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        for kind in ["podAffinity", "podAntiAffinity"] {
            let terms = spec.value(at: "affinity", kind) ?? .null
            let base = path.child("affinity", kind)
            let required = "requiredDuringSchedulingIgnoredDuringExecution"
            for (index, term) in terms.list(required).enumerated() where term["labelSelector"] == nil {
                warnings.append(matchesNothing(base.child(required).index(index).child("labelSelector")))
            }
            let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
            for (index, term) in terms.list(preferred).enumerated()
            where term.value(at: "podAffinityTerm", "labelSelector") == nil {
                let place = base.child(preferred).index(index).child("podAffinityTerm", "labelSelector")
                warnings.append(matchesNothing(place))
            }
        }
        return warnings
    }

    private static func ending(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        guard let seconds = spec["terminationGracePeriodSeconds"]?.intValue, seconds < 0 else { return [] }
        return [
            "\(path.child("terminationGracePeriodSeconds")): must be >= 0; negative values are invalid and will be "
                + "treated as 1"
        ]
    }

    // MARK: What no longer works

    private static func annotations(_ pod: JSONValue) -> [String] {
        let annotations = Unstructured(pod).annotations
        let path = FieldPath("metadata").child("annotations")
        let old = [
            (
                "scheduler.alpha.kubernetes.io/critical-pod",
                "non-functional in v1.16+; use the \"priorityClassName\" field"
            ),
            ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field"),
            ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field"),
        ]
        var warnings = old.filter { annotations[$0.0] != nil }.map { "\(path.key($0.0)): \($0.1) instead" }
        let pods = "seccomp.security.alpha.kubernetes.io/pod"
        if annotations[pods] != nil, pod.value(at: "spec", "securityContext", "seccompProfile") == nil {
            warnings.append("\(path.key(pods)): non-functional in v1.27+; use the \"seccompProfile\" field instead")
        }
        for (container, _) in PodPortWarnings.containers(pod["spec"] ?? .null, FieldPath("spec")) {
            let key = "container.seccomp.security.alpha.kubernetes.io/\(container["name"]?.stringValue ?? "")"
            guard annotations[key] != nil, container.value(at: "securityContext", "seccompProfile") == nil else {
                continue
            }
            warnings.append("\(path.key(key)): non-functional in v1.27+; use the \"seccompProfile\" field instead")
        }
        return warnings
    }

    // MARK: Repetitions and amounts

    private static func repeated(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        for (field, member, word) in [("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")] {
            var seen: Set<String> = []
            for (index, item) in spec.list(field).enumerated() {
                let value = item[member]?.stringValue ?? ""
                guard !seen.insert(value).inserted else { continue }
                let place = path.child(field).index(index).child(member)
                warnings.append("\(place): duplicate \(word) \(GoText.quoted(value))")
            }
        }
        for (index, item) in spec.list("imagePullSecrets").enumerated()
        where (item["name"]?.stringValue ?? "").isEmpty {
            warnings.append("\(path.child("imagePullSecrets").index(index).child("name")): invalid empty name \"\"")
        }
        return warnings
    }

    /// Bytes cannot be divided.
    static func amounts(
        _ amounts: JSONValue?,
        _ path: FieldPath,
        of names: [String] = ["memory", "ephemeral-storage"]
    ) -> [String] {
        names.compactMap { name in
            // A canonical quantity has a fraction of a byte only if it is written in thousandths.
            guard let text = amounts?[name]?.stringValue, text.hasSuffix("m") else { return nil }
            return "\(path.key(name)): fractional byte value \(GoText.quoted(text)) is invalid, must be an integer"
        }
    }

    private static func containers(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        for (container, place) in PodPortWarnings.containers(spec, path) {
            for field in ["limits", "requests"] {
                warnings += amounts(container.value(at: "resources", field), place.child("resources", field))
            }
            warnings += environment(container, place)
        }
        return warnings
    }

    /// A variable that is set twice hides the first value, unless it is made of it.
    private static func environment(_ container: JSONValue, _ path: FieldPath) -> [String] {
        var seen: Set<String> = []
        return container.list("env").enumerated().compactMap { index, variable in
            let name = variable["name"]?.stringValue ?? ""
            guard !seen.insert(name).inserted else { return nil }
            let reference = "$(\(name))"
            let value = variable["value"]?.stringValue ?? ""
            guard variable["valueFrom"] != nil || value == reference || !value.contains(reference) else { return nil }
            return
                "\(path.child("env").index(index)): hides previous definition of \(GoText.quoted(name)), which may be "
                + "dropped when using apply"
        }
    }
}
