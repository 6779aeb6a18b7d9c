public import APIMachinery

/// The rules of our kinds that a schema cannot state, for any object: what the API server asks before it stores one,
/// and what `ctl verify` asks without a server.
public enum SemanticValidation {
    /// Everything that is wrong with the object; nothing for kinds that are not ours.
    ///
    /// The object is one that its schema has accepted. What cannot be decoded in spite of that is an error too.
    public static func validate(_ object: JSONValue) -> [FieldError] {
        let typed = Unstructured(object)
        guard let kind = typed.groupVersionKind else { return [] }
        switch (kind.group, kind.kind) {
        case (Workflow.groupVersionKind.group, Workflow.groupVersionKind.kind):
            return check(object, as: Workflow.self, WorkflowValidation.validate)
        case (WorkerPool.groupVersionKind.group, WorkerPool.groupVersionKind.kind):
            return check(object, as: WorkerPool.self, WorkerPoolValidation.validate)
        default: return []
        }
    }

    private static func check<Kind: Decodable>(
        _ object: JSONValue,
        as kind: Kind.Type,
        _ validate: (Kind) -> [FieldError]
    ) -> [FieldError] {
        do {
            return validate(try JSONValueDecoder().decode(kind, from: object))
        } catch let error as DecodingError {
            return [fieldError(error)]
        } catch {
            return [.invalid(.root, .null, "\(error)")]
        }
    }

    private static func fieldError(_ error: DecodingError) -> FieldError {
        let (context, missing): (DecodingError.Context, (any CodingKey)?) =
            switch error {
            case .keyNotFound(let key, let context): (context, key)
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, nil)
            @unknown default: (.init(codingPath: [], debugDescription: "\(error)"), nil)
            }
        var path = FieldPath.root
        for key in context.codingPath + (missing.map { [$0] } ?? []) {
            path = key.intValue.map(path.index) ?? path.child(key.stringValue)
        }
        if missing != nil { return .required(path) }
        return FieldError(reason: .invalid, field: path.description, body: "Invalid value: \(context.debugDescription)")
    }
}
