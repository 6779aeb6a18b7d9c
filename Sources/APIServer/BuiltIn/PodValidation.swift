import APIMachinery

/// What is wrong with Pods.
enum PodValidation {
    static func errors(_ pod: JSONValue) -> [FieldError] {
        let spec = pod["spec"] ?? .null
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        let containers = spec["containers"]?.arrayValue ?? []
        if containers.isEmpty { errors.append(.required(path.child("containers"))) }
        var names: Set<String> = []
        let volumes = Set((spec["volumes"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        for field in ["initContainers", "containers"] {
            for (index, container) in (spec[field]?.arrayValue ?? []).enumerated() {
                let at = path.child(field).index(index)
                errors += self.container(container, at: at, names: &names, volumes: volumes)
            }
        }
        errors += choice(spec["restartPolicy"], ["Always", "Never", "OnFailure"], at: path.child("restartPolicy"))
        errors += choice(
            spec["dnsPolicy"],
            ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
            at: path.child("dnsPolicy")
        )
        if let seconds = spec["terminationGracePeriodSeconds"]?.intValue, seconds < 0 {
            errors.append(
                .invalid(
                    path.child("terminationGracePeriodSeconds"),
                    .int(seconds),
                    "must be greater than or equal to 0"
                )
            )
        }
        if let seconds = spec["activeDeadlineSeconds"]?.intValue, seconds < 1 {
            errors.append(
                .invalid(
                    path.child("activeDeadlineSeconds"),
                    .int(seconds),
                    "must be between 1 and 2147483647, inclusive"
                )
            )
        }
        if let node = spec["nodeName"]?.stringValue, !node.isEmpty {
            errors += Validation.dns1123Subdomain(node).map { .invalid(path.child("nodeName"), .string(node), $0) }
        }
        if let labels = spec["nodeSelector"]?.objectValue {
            var texts: [String: String] = [:]
            for (key, value) in labels { texts[key] = value.stringValue }
            errors += Validation.labels(texts, at: path.child("nodeSelector"))
        }
        errors += self.volumes(spec, at: path.child("volumes"))
        return errors
    }

    private static func choice(_ value: JSONValue?, _ supported: [String], at path: FieldPath) -> [FieldError] {
        guard let text = value?.stringValue, !supported.contains(text) else { return [] }
        return [.notSupported(path, .string(text), supported)]
    }

    private static func volumes(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, volume) in (spec["volumes"]?.arrayValue ?? []).enumerated() {
            let name = volume["name"]?.stringValue ?? ""
            let at = path.index(index).child("name")
            if name.isEmpty {
                errors.append(.required(at))
            } else {
                errors += Validation.dns1123Label(name).map { .invalid(at, .string(name), $0) }
            }
            if !seen.insert(name).inserted { errors.append(.duplicate(at, .string(name))) }
        }
        return errors
    }

    private static func container(
        _ container: JSONValue,
        at path: FieldPath,
        names: inout Set<String>,
        volumes: Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        let name = container["name"]?.stringValue ?? ""
        if name.isEmpty {
            errors.append(.required(path.child("name")))
        } else {
            errors += Validation.dns1123Label(name).map { .invalid(path.child("name"), .string(name), $0) }
            if !names.insert(name).inserted { errors.append(.duplicate(path.child("name"), .string(name))) }
        }
        let image = container["image"]?.stringValue ?? ""
        if image.isEmpty {
            errors.append(.required(path.child("image")))
        } else if image.first == " " || image.last == " " {
            errors.append(
                .invalid(path.child("image"), .string(image), "must not have leading or trailing whitespace")
            )
        }
        errors += choice(
            container["imagePullPolicy"],
            ["Always", "IfNotPresent", "Never"],
            at: path.child("imagePullPolicy")
        )
        for (index, variable) in (container["env"]?.arrayValue ?? []).enumerated() {
            let at = path.child("env").index(index).child("name")
            let name = variable["name"]?.stringValue ?? ""
            if name.isEmpty {
                errors.append(.required(at))
            } else {
                errors += Validation.relaxedEnvironmentVariableName(name).map { .invalid(at, .string(name), $0) }
            }
        }
        for (index, port) in (container["ports"]?.arrayValue ?? []).enumerated() {
            let at = path.child("ports").index(index)
            let number = port["containerPort"]?.intValue ?? 0
            if number == 0 {
                errors.append(.required(at.child("containerPort")))
            } else {
                errors += Validation.portNumber(number).map { .invalid(at.child("containerPort"), .int(number), $0) }
            }
            errors += choice(port["protocol"], ["SCTP", "TCP", "UDP"], at: at.child("protocol"))
        }
        for (index, mount) in (container["volumeMounts"]?.arrayValue ?? []).enumerated() {
            let at = path.child("volumeMounts").index(index)
            let name = mount["name"]?.stringValue ?? ""
            if name.isEmpty {
                errors.append(.required(at.child("name")))
            } else if !volumes.contains(name) {
                errors.append(.notFound(at.child("name"), .string(name)))
            }
        }
        return errors + resources(container["resources"] ?? .null, at: path.child("resources"))
    }

    private static func resources(_ resources: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        func quantity(_ value: JSONValue?) -> Quantity? {
            (value?.stringValue).flatMap { try? Quantity(parsing: $0) }
        }
        for field in ["limits", "requests"] {
            for (name, value) in resources[field]?.objectValue ?? [:] {
                if quantity(value)?.isNegative == true {
                    errors.append(
                        .invalid(path.child(field).key(name), value, "must be greater than or equal to 0")
                    )
                }
            }
        }
        for (name, value) in resources["requests"]?.objectValue ?? [:] {
            guard let request = quantity(value), let limit = quantity(resources["limits"]?[name]), limit < request
            else {
                continue
            }
            errors.append(
                .invalid(path.child("requests"), value, "must be less than or equal to \(name) limit of \(limit)")
            )
        }
        return errors
    }

    // MARK: Update

    /// Of a Pod's spec little may change once it is made: images, the deadline, and more tolerations.
    static func updateErrors(_ pod: JSONValue, old: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        let new = pod["spec"] ?? .null
        var expected = old["spec"] ?? .null
        for field in ["containers", "initContainers"] {
            let before = expected[field]?.arrayValue ?? []
            let after = new[field]?.arrayValue ?? []
            guard before.count == after.count else {
                errors.append(.forbidden(path.child(field), "pod updates may not add or remove containers"))
                return errors
            }
            for (index, container) in after.enumerated() {
                let image = container["image"]?.stringValue ?? ""
                if image.isEmpty { errors.append(.required(path.child(field).index(index).child("image"))) }
            }
            guard !after.isEmpty else { continue }
            expected[field] = .array(
                zip(before, after).map { old, new in
                    var merged = old
                    merged["image"] = new["image"]
                    return merged
                }
            )
        }
        if let deadline = new["activeDeadlineSeconds"] {
            let before = expected["activeDeadlineSeconds"]?.intValue
            if before == nil || (deadline.intValue ?? 0) <= (before ?? 0) {
                expected["activeDeadlineSeconds"] = deadline
            }
        }
        let before = expected["tolerations"]?.arrayValue ?? []
        let after = new["tolerations"]?.arrayValue ?? []
        if before.allSatisfy({ after.contains($0) }) { expected["tolerations"] = new["tolerations"] }
        if let seconds = new["terminationGracePeriodSeconds"]?.intValue, seconds == 1,
            (expected["terminationGracePeriodSeconds"]?.intValue ?? 0) < 0
        {
            expected["terminationGracePeriodSeconds"] = 1
        }
        guard new != expected else { return errors }
        errors.append(
            .forbidden(
                path,
                "pod updates may not change fields other than "
                    + "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
            )
        )
        return errors
    }
}
