public import APIMachinery

/// From the parameters that a run was given to those that it gets: the rules of submission, for the engine and for
/// clients alike.
///
/// A parameter's default shows what type its values have: where the default is a number, so is every value. A parameter
/// without a default, or with `null`, takes any value.
public enum ParameterBinding {
    /// The given parameters with defaults filled in, and everything that is wrong with them.
    public static func complete(
        _ given: JSONObject,
        declared: [Parameter],
        at path: FieldPath
    ) -> (params: JSONObject, errors: [FieldError]) {
        var errors: [FieldError] = []
        let parameters = Dictionary(declared.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        lazy var unknown = unknownFault(declared)
        for (key, value) in given {
            guard let parameter = parameters[Array(key.utf8)] else {
                // Nobody reads more errors than that, and a submission can have hundreds of thousands of members.
                if errors.count < Status.mostErrors { errors.append(.invalid(path.child(key), value, unknown)) }
                continue
            }
            errors += typeFaults(value, of: parameter, at: path.child(key)) + depthFaults(value, at: path.child(key))
        }
        var result = given
        for parameter in declared where given[parameter.name] == nil {
            if let value = parameter.default {
                result[parameter.name] = value
            } else if parameter.required ?? true {
                errors.append(.required(path.child(parameter.name), parameter.description ?? ""))
            }
        }
        return (result, errors)
    }

    private static func unknownFault(_ declared: [Parameter]) -> String {
        guard !declared.isEmpty else { return "the workflow has no parameters" }
        let names = declared.map(\.name).sorted()
        let more = names.count > mostListed ? ", and \(names.count - mostListed) more" : ""
        return "the workflow's parameters are: \(names.prefix(mostListed).joined(separator: ", "))\(more)"
    }

    /// As many names as one message lists.
    private static let mostListed = 50

    /// The value that a text stands for, by the type of the parameter's default; a text stays one where there is no
    /// default, or `null`.
    ///
    /// - Throws: `FieldError` if the text is not such a value.
    public static func value(of text: String, for parameter: Parameter, at path: FieldPath) throws(FieldError)
        -> JSONValue
    {
        switch parameter.default {
        case nil, .null?, .string?: return .string(text)
        case let example?:
            // What cannot be read does not fit, as is said below.
            guard let value = try? JSONValue(parsing: text, maximumDepth: JSONValue.maximumValueDepth),
                fits(value, example)
            else {
                throw .invalid(path, .string(text), "must be \(noun(example)), as its default is \(shown(example))")
            }
            return value
        }
    }

    /// What is wrong with a value that is nested too deep to be part of a run.
    static func depthFaults(_ value: JSONValue, at path: FieldPath) -> [FieldError] {
        guard value.isNested(deeperThan: JSONValue.maximumValueDepth) else { return [] }
        return [
            .invalid(
                path,
                .string("\(value.typeName)"),
                "is nested more than \(JSONValue.maximumValueDepth) deep; flatten it, or pass the name of a file"
            )
        ]
    }

    private static func typeFaults(_ value: JSONValue, of parameter: Parameter, at path: FieldPath) -> [FieldError] {
        guard let example = parameter.default, !example.isNull, !fits(value, example) else { return [] }
        return [
            .typeInvalid(
                path,
                value,
                "must be \(noun(example)), as its default is \(shown(example)): found \(value.typeName)"
            )
        ]
    }

    /// Numbers with and without a fraction are one type.
    private static func fits(_ value: JSONValue, _ example: JSONValue) -> Bool {
        switch (value, example) {
        case (.int, .int), (.int, .double), (.double, .int), (.double, .double), (.bool, .bool), (.string, .string),
            (.array, .array), (.object, .object):
            true
        default: false
        }
    }

    private static func noun(_ example: JSONValue) -> String {
        switch example {
        case .int, .double: "a number"
        case .bool: "true or false"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        case .null: "null"
        }
    }

    private static func shown(_ example: JSONValue) -> String {
        let text = example.text
        return text.count > 60 ? "\(text.prefix(60))…" : text
    }
}
