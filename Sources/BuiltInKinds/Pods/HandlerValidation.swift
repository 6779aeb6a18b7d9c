import APIMachinery

/// What is wrong with the probes and the lifecycle hooks of a container.
struct HandlerValidation {
    let gracePeriodSeconds: Int64?

    func all(of container: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for hook in ["postStart", "preStop"] {
            guard let handler = container["lifecycle"]?[hook] else { continue }
            errors += self.handler(handler, at: path.child("lifecycle").child(hook))
        }
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            guard let probe = container[field] else { continue }
            errors += self.probe(probe, isReadiness: field == "readinessProbe", at: path.child(field))
        }
        return errors
    }

    private func probe(_ probe: JSONValue, isReadiness: Bool, at path: FieldPath) -> [FieldError] {
        var errors = handler(probe, at: path)
        let numbers = [
            "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
        ]
        for field in numbers {
            guard let number = probe[field]?.intValue, number < 0 else { continue }
            errors.append(.invalid(path.child(field), .int(number), "must be greater than or equal to 0"))
        }
        let grace = probe["terminationGracePeriodSeconds"]?.intValue
        if let grace, grace <= 0 {
            let at = path.child("terminationGracePeriodSeconds")
            errors.append(.invalid(at, .int(grace), "must be greater than 0"))
        }
        if isReadiness, let grace {
            let at = path.child("terminationGracePeriodSeconds")
            errors.append(.invalid(at, .int(grace), "must not be set for readinessProbes"))
        }
        if !isReadiness, let threshold = probe["successThreshold"]?.intValue, threshold != 1 {
            errors.append(.invalid(path.child("successThreshold"), .int(threshold), "must be 1"))
        }
        return errors
    }

    /// Exactly one way to act: a command, a request, a connection, or a pause.
    private func handler(_ handler: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var hasOne = false
        for kind in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
            guard let action = handler[kind] else { continue }
            let at = path.child(kind)
            guard !hasOne else {
                errors.append(.forbidden(at, "may not specify more than 1 handler type"))
                continue
            }
            hasOne = true
            switch kind {
            case "exec":
                if action.list("command").isEmpty { errors.append(.required(at.child("command"))) }
            case "httpGet": errors += get(action, at: at)
            case "sleep":
                let seconds = action["seconds"]?.intValue ?? 0
                guard let limit = gracePeriodSeconds, seconds < 0 || seconds > limit else { break }
                errors.append(
                    .invalid(
                        at,
                        .int(seconds),
                        "must be non-negative and less than terminationGracePeriodSeconds (\(limit))"
                    )
                )
            default: errors += port(action["port"], at: at.child("port"))
            }
        }
        if !hasOne { errors.append(.required(path, "must specify a handler type")) }
        return errors
    }

    private func get(_ action: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if action.text("path").isEmpty { errors.append(.required(path.child("path"))) }
        errors += port(action["port"], at: path.child("port"))
        errors += PodValidation.choice(action["scheme"], ["HTTP", "HTTPS"], at: path.child("scheme"))
        for header in action.list("httpHeaders") {
            let name = header.text("name")
            let isSound =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    byte == UInt8(ascii: "-") || Unicode.Scalar(byte).properties.isAlphabetic && byte < 0x80
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            guard !isSound else { continue }
            errors.append(
                .invalid(
                    path.child("httpHeaders"),
                    .string(name),
                    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex "
                        + "used for validation is '[-A-Za-z0-9]+')"
                )
            )
        }
        return errors
    }

    /// A port by its number or by its name.
    private func port(_ port: JSONValue?, at path: FieldPath) -> [FieldError] {
        if let name = port?.stringValue { return Validation.portName(name).map { .invalid(path, .string(name), $0) } }
        let number = port?.intValue ?? 0
        return Validation.portNumber(number).map { .invalid(path, .int(number), $0) }
    }
}
