import APIMachinery

/// What the actors need in `with`.
///
/// Unknown members are refused, so that a misspelt `succesExitCodes` does not silently change what a step means.
enum ActorValidation {
    static func validate(_ step: Step, at path: FieldPath) -> [FieldError] {
        switch step.actor {
        case "exec": exec(step.with ?? .object([:]), at: path)
        case "sleep": sleep(step.with ?? .object([:]), at: path)
        default: step.with.map { mustBeObject($0, at: path) } ?? []
        }
    }

    private static func mustBeObject(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        if case .object = value { return [] }
        return [.typeInvalid(path, value, "must be of type object: found \(value.typeName)")]
    }

    private static let execMembers = [
        "command", "input", "env", "workingDirectory", "output", "successExitCodes", "limits",
    ]

    private static func exec(_ with: JSONValue, at path: FieldPath) -> [FieldError] {
        guard case .object(let members) = with else { return mustBeObject(with, at: path) }
        var errors: [FieldError] = []
        for key in members.keys where !execMembers.contains(key) {
            errors.append(.notSupported(path, .string(key), execMembers))
        }
        switch members["command"] {
        case nil, .null?:
            errors.append(.required(path.child("command"), "the program and its arguments, e.g. [ruff, check, .]"))
        case .array(let words)?:
            if words.isEmpty {
                errors.append(
                    .invalid(path.child("command"), .array([]), "must name at least the program to run")
                )
            }
            for (index, word) in words.enumerated() where word.stringValue == nil {
                errors.append(
                    .typeInvalid(
                        path.child("command").index(index),
                        word,
                        "must be of type string: found \(word.typeName); put it in quotation marks"
                    )
                )
            }
        case let other?:
            errors.append(
                .typeInvalid(
                    path.child("command"),
                    other,
                    "must be a list of strings: found \(other.typeName); for a shell write [sh, -c, \"…\"]"
                )
            )
        }
        if let output = members["output"] {
            let formats = ["json", "text", "json-document"]
            if output.stringValue.map(formats.contains) != true {
                errors.append(.notSupported(path.child("output"), output, formats))
            }
        }
        if let codes = members["successExitCodes"] {
            let valid = codes.arrayValue?.allSatisfy { (0...255).contains($0.intValue ?? -1) } ?? false
            if !valid {
                errors.append(
                    .invalid(path.child("successExitCodes"), codes, "must be a list of numbers from 0 to 255")
                )
            }
        }
        if let environment = members["env"] {
            if case .object(let variables) = environment {
                for (key, value) in variables where value.objectValue != nil || value.arrayValue != nil {
                    errors.append(
                        .typeInvalid(
                            path.child("env").key(key),
                            value,
                            "must be a string, a number or a boolean: found \(value.typeName)"
                        )
                    )
                }
            } else {
                errors += mustBeObject(environment, at: path.child("env"))
            }
        }
        if let directory = members["workingDirectory"], directory.stringValue == nil {
            errors.append(
                .typeInvalid(
                    path.child("workingDirectory"),
                    directory,
                    "must be of type string: found \(directory.typeName)"
                )
            )
        }
        return errors
    }

    private static func sleep(_ with: JSONValue, at path: FieldPath) -> [FieldError] {
        guard case .object(let members) = with else { return mustBeObject(with, at: path) }
        if let seconds = members["seconds"] {
            let isTemplate = seconds.stringValue?.contains("${{") ?? false
            if isTemplate || (seconds.doubleValue ?? -1) >= 0 { return [] }
            return [.invalid(path.child("seconds"), seconds, "must be a number of seconds, 0 or more")]
        }
        if let duration = members["duration"] {
            if duration.stringValue != nil { return [] }
            return [.invalid(path.child("duration"), duration, "must be a text such as \"1m30s\"")]
        }
        return [.required(path.child("seconds"), "how long to sleep, e.g. 5, or a duration such as \"1m30s\"")]
    }
}
