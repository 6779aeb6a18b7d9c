import APIMachinery

/// What is wrong with the containers of a Pod.
struct ContainerValidation {
    let spec: JSONValue
    /// The Pod's sound volumes by name.
    let volumes: [String: JSONValue]
    let gracePeriodSeconds: Int64?

    private var handlers: HandlerValidation { HandlerValidation(gracePeriodSeconds: gracePeriodSeconds) }

    // MARK: Lists

    func regular(at path: FieldPath) -> [FieldError] {
        let containers = spec.list("containers")
        guard !containers.isEmpty else { return [.required(path)] }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            let at = path.index(index)
            errors += common(container, at: at)
            let name = container.text("name")
            if !names.insert(name).inserted { errors.append(.duplicate(at.child("name"), .string(name))) }
            errors += handlers.all(of: container, at: at)
            errors += PodValidation.choice(
                container["restartPolicy"],
                ["Always", "Never", "OnFailure"],
                at: at.child("restartPolicy")
            )
        }
        return errors + hostPortConflicts(containers, at: path)
    }

    func initial(at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var names = Set(spec.list("containers").map { $0.text("name") })
        for (index, container) in spec.list("initContainers").enumerated() {
            let at = path.index(index)
            errors += common(container, at: at)
            let policy = container["restartPolicy"]
            errors += PodValidation.choice(policy, ["Always", "Never", "OnFailure"], at: at.child("restartPolicy"))
            let name = container.text("name")
            if names.contains(name) {
                errors.append(.duplicate(at.child("name"), .string(name)))
            } else if !name.isEmpty {
                names.insert(name)
            }
            errors += hostPortConflicts([container], at: path)
            if policy == "Always" {
                errors += handlers.all(of: container, at: at)
            } else {
                for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
                where container[field] != nil {
                    errors.append(
                        .forbidden(at.child(field), "may not be set for init containers without restartPolicy=Always")
                    )
                }
            }
        }
        return errors
    }

    func ephemeral(at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let others = Set((spec.list("containers") + spec.list("initContainers")).map { $0.text("name") })
        var names = others
        let unfit = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"]
        for (index, container) in spec.list("ephemeralContainers").enumerated() {
            let at = path.index(index)
            errors += common(container, at: at)
            let name = container.text("name")
            if !names.insert(name).inserted { errors.append(.duplicate(at.child("name"), .string(name))) }
            let target = container.text("targetContainerName")
            if !target.isEmpty, !others.contains(target) {
                errors.append(.notFound(at.child("targetContainerName"), .string(target)))
            }
            for field in unfit {
                guard let value = container[field], value != .object([:]) else { continue }
                errors.append(.forbidden(at.child(field), "cannot be set for an Ephemeral Container"))
            }
        }
        return errors
    }

    /// In the host's network a port of a container is the port of the host.
    func hostNetworkPorts(at path: FieldPath) -> [FieldError] {
        guard spec["hostNetwork"]?.boolValue == true else { return [] }
        return spec.list("containers").enumerated().flatMap { index, container -> [FieldError] in
            container.list("ports").enumerated().compactMap { position, port -> FieldError? in
                let host = port["hostPort"]?.intValue ?? 0
                guard host != port["containerPort"]?.intValue ?? 0 else { return nil }
                return .invalid(
                    path.index(index).child("ports").index(position).child("hostPort"),
                    .int(host),
                    "must match `containerPort` when `hostNetwork` is true"
                )
            }
        }
    }

    private func hostPortConflicts(_ containers: [JSONValue], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, container) in containers.enumerated() {
            for (position, port) in container.list("ports").enumerated() {
                guard let host = port["hostPort"]?.intValue, host != 0 else { continue }
                let text = "\(port.text("protocol"))/\(port.text("hostIP"))/\(host)"
                guard !seen.insert(text).inserted else { continue }
                let at = path.index(index).child("ports").index(position).child("hostPort")
                errors.append(.duplicate(at, .string(text)))
            }
        }
        return errors
    }

    // MARK: One container

    private func common(_ container: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let name = container.text("name")
        if name.isEmpty {
            errors.append(.required(path.child("name")))
        } else {
            errors += Validation.dns1123Label(name).map { .invalid(path.child("name"), .string(name), $0) }
        }
        let image = container.text("image")
        if image.isEmpty {
            errors.append(.required(path.child("image")))
        } else if image.unicodeScalars.first?.properties.isWhitespace == true
            || image.unicodeScalars.last?.properties.isWhitespace == true
        {
            errors.append(
                .invalid(path.child("image"), .string(image), "must not have leading or trailing whitespace")
            )
        }
        errors += PodValidation.choice(
            container["terminationMessagePolicy"],
            ["File", "FallbackToLogsOnError"],
            at: path.child("terminationMessagePolicy")
        )
        errors += ports(container.list("ports"), at: path.child("ports"))
        errors += EnvironmentValidation.variables(container.list("env"), at: path.child("env"))
        errors += EnvironmentValidation.sources(container.list("envFrom"), at: path.child("envFrom"))
        errors += mounts(container.list("volumeMounts"), at: path.child("volumeMounts"))
        errors += PodValidation.choice(
            container["imagePullPolicy"],
            ["Always", "IfNotPresent", "Never"],
            at: path.child("imagePullPolicy")
        )
        errors += ResourceValidation.errors(container["resources"] ?? .null, at: path.child("resources"))
        return errors + securityContext(container["securityContext"] ?? .null, at: path.child("securityContext"))
    }

    private func ports(_ ports: [JSONValue], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let at = path.index(index)
            let name = port.text("name")
            if !name.isEmpty {
                let problems = Validation.portName(name)
                errors += problems.map { .invalid(at.child("name"), .string(name), $0) }
                if problems.isEmpty, !names.insert(name).inserted {
                    errors.append(.duplicate(at.child("name"), .string(name)))
                }
            }
            let number = port["containerPort"]?.intValue ?? 0
            if number == 0 {
                errors.append(.required(at.child("containerPort")))
            } else {
                errors += Validation.portNumber(number).map { .invalid(at.child("containerPort"), .int(number), $0) }
            }
            if let host = port["hostPort"]?.intValue, host != 0 {
                errors += Validation.portNumber(host).map { .invalid(at.child("hostPort"), .int(host), $0) }
            }
            errors += PodValidation.choice(port["protocol"], ["SCTP", "TCP", "UDP"], at: at.child("protocol"))
        }
        return errors
    }

    private func mounts(_ mounts: [JSONValue], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var paths: Set<String> = []
        for (index, mount) in mounts.enumerated() {
            let at = path.index(index)
            let name = mount.text("name")
            if name.isEmpty { errors.append(.required(at.child("name"))) }
            if volumes[name] == nil { errors.append(.notFound(at.child("name"), .string(name))) }
            let place = mount.text("mountPath")
            if place.isEmpty { errors.append(.required(at.child("mountPath"))) }
            if !paths.insert(place).inserted {
                errors.append(.invalid(at.child("mountPath"), .string(place), "must be unique"))
            }
            for field in ["subPath", "subPathExpr"] where !mount.text(field).isEmpty {
                if field == "subPathExpr", !mount.text("subPath").isEmpty {
                    errors.append(
                        .invalid(
                            at.child(field),
                            .string(mount.text(field)),
                            "subPathExpr and subPath are mutually exclusive"
                        )
                    )
                }
                // The reference leaves the position out of this path.
                errors += VolumeValidation.descendingPath(mount.text(field), at: path.child(field))
            }
            errors += PodValidation.choice(
                mount["mountPropagation"],
                ["Bidirectional", "HostToContainer", "None"],
                at: path.child("mountPropagation")
            )
        }
        return errors
    }

    private func securityContext(_ context: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["runAsUser", "runAsGroup"] {
            errors += PodValidation.identity(context[field], at: path.child(field))
        }
        errors += PodValidation.choice(context["procMount"], ["Default", "Unmasked"], at: path.child("procMount"))
        guard context["allowPrivilegeEscalation"]?.boolValue == false else { return errors }
        if context["privileged"]?.boolValue == true {
            errors.append(
                .invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
            )
        }
        if (context["capabilities"] ?? .null).list("add").contains("CAP_SYS_ADMIN") {
            errors.append(
                .invalid(
                    path,
                    context,
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
                )
            )
        }
        return errors
    }
}
