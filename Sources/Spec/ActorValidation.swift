import APIMachinery

/// Checks a step's `with` against what its actor understands.
///
/// Unknown members are refused, so that a misspelt `succesExitCodes` does not silently change what a step means. A text
/// with `${{ }}` may stand for any value: the runner checks what it becomes.
enum ActorValidation {
    static func validate(_ step: Step, at path: FieldPath) -> [FieldError] {
        let with = step.with ?? .object([:])
        guard case .object(let members) = with else { return [mustBeObject(with, at: path)] }
        switch step.actor {
        case "exec":
            var errors = check(members, StepInput.exec, at: path)
            if members["command"]?.isNull ?? true {
                errors.insert(
                    .required(path.child("command"), "the program and its arguments, e.g. [ruff, check, .]"),
                    at: errors.prefix { $0.reason == .notSupported && $0.field == path.description }.count
                )
            }
            return errors
        case "sleep": return check(members, StepInput.sleep, at: path) + sleepFaults(members, at: path)
        default: return []
        }
    }

    private static func mustBeObject(_ value: JSONValue, at path: FieldPath) -> FieldError {
        .typeInvalid(path, value, "must be of type object: found \(value.typeName)")
    }

    private static func sleepFaults(_ members: JSONObject, at path: FieldPath) -> [FieldError] {
        switch (members["seconds"], members["duration"]) {
        case (nil, nil):
            [.required(path.child("seconds"), "how long to sleep, e.g. 5, or a duration such as \"1m30s\"")]
        case (.some, .some): [.forbidden(path.child("duration"), "may not be set together with seconds")]
        default: []
        }
    }

    private static func check(
        _ members: JSONObject,
        _ known: [StepInput.Member],
        at path: FieldPath
    ) -> [FieldError] {
        var errors: [FieldError] = []
        for key in members.keys where !known.contains(where: { $0.name.equalsBytes(of: key) }) {
            errors.append(.notSupported(path, .string(key), known.map(\.name)))
        }
        for member in known {
            // A member without a value is one that is left out.
            guard let value = members[member.name], !value.isNull else { continue }
            errors += check(value, member.form, at: path.child(member.name))
        }
        return errors
    }

    private static func isTemplate(_ value: JSONValue) -> Bool { value.stringValue?.contains("${{") ?? false }

    private static func check(_ value: JSONValue, _ form: StepInput.Form, at path: FieldPath) -> [FieldError] {
        if isTemplate(value) { return [] }
        switch form {
        case .any: return []
        case .text: return value.stringValue == nil ? [mustBeString(value, at: path)] : []
        case .command: return command(value, at: path)
        case .choice(let words):
            return value.stringValue.map(words.contains) == true ? [] : [.notSupported(path, value, words)]
        case .exitCodes:
            let isValid = value.arrayValue?.allSatisfy {
                isTemplate($0) || UntrustedNumber($0)?.integer(in: 0...255) != nil
            }
            return isValid == true ? [] : [.invalid(path, value, "must be a list of numbers from 0 to 255")]
        case .environment: return environment(value, at: path)
        case .limits: return limits(value, at: path)
        case .seconds:
            let longest = Double(Bounds.timeoutSeconds.upperBound)
            guard let seconds = UntrustedNumber(value), seconds.real(in: 0...Double.infinity) != nil else {
                return [.invalid(path, value, "must be a number of seconds, 0 or more")]
            }
            return seconds.real(in: 0...longest) != nil
                ? [] : [.invalid(path, value, "must be at most \(Bounds.timeoutSeconds.upperBound) seconds")]
        case .positive(let limit):
            let isValid = UntrustedNumber(value)?.real(in: 0...limit).map { $0 > 0 } ?? false
            let bound = "must be a number above 0 and at most \(JSONWriter.format(limit))"
            return isValid ? [] : [.invalid(path, value, bound)]
        case .duration:
            guard let text = value.stringValue else {
                return [.invalid(path, value, "must be a text such as \"1m30s\"")]
            }
            return GoDuration.parse(text) != nil
                ? [] : [.invalid(path, value, "must be a duration such as \"90s\", \"1m30s\" or \"250ms\"")]
        case .timeSpan:
            let isDuration = value.stringValue.flatMap(GoDuration.parse).map { $0 > .zero } ?? false
            let isNumber = UntrustedNumber(value)?.real(in: 0...Double.infinity).map { $0 > 0 } ?? false
            return isDuration || isNumber
                ? [] : [.invalid(path, value, "must be a duration above 0 such as \"90s\" or \"1m30s\"")]
        case .memory: return memory(value, at: path)
        }
    }

    private static func mustBeString(_ value: JSONValue, at path: FieldPath) -> FieldError {
        .typeInvalid(path, value, "must be of type string: found \(value.typeName)")
    }

    private static func command(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        guard let words = value.arrayValue else {
            return [
                .typeInvalid(
                    path,
                    value,
                    "must be a list of strings: found \(value.typeName); for a shell write [sh, -c, \"…\"]"
                )
            ]
        }
        if words.isEmpty { return [.invalid(path, .array([]), "must name at least the program to run")] }
        return words.enumerated().compactMap { index, word in
            guard word.stringValue == nil else { return nil }
            return .typeInvalid(
                path.index(index),
                word,
                "must be of type string: found \(word.typeName); put it in quotation marks"
            )
        }
    }

    private static func environment(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        guard case .object(let variables) = value else { return [mustBeObject(value, at: path)] }
        var errors: [FieldError] = []
        for (name, value) in variables {
            if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) {
                errors.append(.invalid(path, .string(name), "a variable's name is not empty and has no '=' in it"))
            }
            guard value.objectValue != nil || value.arrayValue != nil else { continue }
            errors.append(
                .typeInvalid(
                    path.key(name),
                    value,
                    "must be a string, a number or a boolean: found \(value.typeName)"
                )
            )
        }
        return errors
    }

    private static func limits(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        guard case .object(let members) = value else { return [mustBeObject(value, at: path)] }
        var errors = check(members, StepInput.limits, at: path)
        if members["memory"] != nil, members["memoryMB"] != nil {
            errors.append(.forbidden(path.child("memoryMB"), "may not be set together with memory"))
        }
        return errors
    }

    /// No program can start in less than a mebibyte; a smaller value lacks its unit.
    private static func memory(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        let text = value.stringValue ?? UntrustedNumber(value).map { _ in value.text }
        // The error is reported with the field.
        guard let text, let quantity = try? Quantity(parsing: text) else {
            return [.invalid(path, value, "must be a quantity of bytes such as \"50Mi\" or \"2Gi\"")]
        }
        return quantity < Quantity(1 << 20)
            ? [.invalid(path, value, "must be at least 1Mi; write the unit, as in \"50Mi\"")] : []
    }
}
