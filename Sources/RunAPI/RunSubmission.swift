import APIMachinery
import RunEngine
import Spec

/// Reads one submission: `{"params": {}, "priority": 0, "idempotencyKey": "…", "name": "…", "labels": {}}`.
enum RunSubmission {
    private static let known: Set<String> = ["params", "priority", "idempotencyKey", "name", "labels"]
    private static let maximumKey = 256

    static func read(_ json: JSONValue, _ path: FieldPath) throws -> RunRequest {
        guard let object = json.objectValue else {
            throw invalid([.typeInvalid(path, json, "must be an object")])
        }
        var errors: [FieldError] = []
        for key in object.keys where !known.contains(key) {
            errors.append(
                .invalid(
                    path.child(key),
                    object[key] ?? .null,
                    "unknown field; known are \(known.sorted().joined(separator: ", "))"
                )
            )
        }
        var request = RunRequest()
        func read<Value>(_ name: String, _ wanted: String, _ body: (JSONValue) -> Value?) -> Value? {
            guard let value = object[name], !value.isNull else { return nil }
            if let result = body(value) { return result }
            errors.append(.typeInvalid(path.child(name), value, "must be \(wanted)"))
            return nil
        }
        request.params = read("params", "an object", \.objectValue) ?? [:]
        request.priority = read(
            "priority",
            "an integer from \(Bounds.priority.lowerBound) to \(Bounds.priority.upperBound)"
        ) { UntrustedNumber($0)?.integer(in: Bounds.priority) }
        request.idempotencyKey = read("idempotencyKey", "a string of 1 to \(maximumKey) bytes") { value in
            value.stringValue.flatMap { (1...maximumKey).contains($0.utf8.count) ? $0 : nil }
        }
        request.name = read("name", "a string", \.stringValue)
        request.labels =
            read("labels", "an object of strings") { value in
                value.objectValue.flatMap { members in
                    members.values.allSatisfy { $0.stringValue != nil } ? RunMetadata.labels(["labels": value]) : nil
                }
            } ?? [:]
        // The rules of the object that the run becomes.
        if let name = request.name {
            errors += Validation.dns1123Subdomain(name).map { .invalid(path.child("name"), .string(name), $0) }
        }
        errors += Validation.labels(request.labels, at: path.child("labels"))
        guard errors.isEmpty else { throw invalid(errors) }
        return request
    }

    /// Reads `{"items": […]}`, which has no other members.
    static func readBatch(_ json: JSONValue) throws -> [RunRequest] {
        let errors = (json.objectValue ?? [:]).filter { $0.key != "items" }.map { key, value in
            FieldError.invalid(
                FieldPath(key),
                value,
                "unknown field; a batch has items only, put the field into each item"
            )
        }
        guard errors.isEmpty else { throw invalid(errors) }
        return try json.list("items").enumerated().map { try read($1, FieldPath("items").index($0)) }
    }

    private static func invalid(_ errors: [FieldError]) -> Status {
        Status.invalid(group: "runs.martinet.dev", kind: "WorkflowRun", name: "", errors: errors)
    }
}
