extension Patch {
    /// Applies a JSON patch (RFC 6902) as it came in the request.
    public static func json(_ patch: some Collection<UInt8>, to document: JSONValue) throws(PatchError) -> Outcome {
        let (patch, duplicates) = try decode(patch)
        return Outcome(result: try json(patch, to: document), duplicates: duplicates)
    }

    /// Applies a JSON patch, all of it or nothing.
    ///
    /// Follows evanphx/json-patch v4 where that differs from the RFC: negative indices count from the end,
    /// `replace` makes members that are missing, a missing member equals `null` for `test` and `copy`, the text
    /// before a pointer's first slash is ignored.
    public static func json(_ patch: JSONValue, to document: JSONValue) throws(PatchError) -> JSONValue {
        // A null patch is one without operations: so Go decodes it.
        if patch.isNull { return document }
        guard case .array(let elements) = patch else {
            throw PatchError(
                code: 400,
                message: "error decoding patch: a JSON patch is a list of operations, not a JSON \(patch.typeName)"
            )
        }
        var operations: [JSONPatchOperation] = []
        for (index, element) in elements.enumerated() {
            operations.append(try JSONPatchOperation(element, index: index))
        }
        guard operations.count <= maximumOperations else {
            throw PatchError(
                code: 413,
                message: "The allowed maximum operations in a JSON patch is \(maximumOperations), "
                    + "got \(operations.count)"
            )
        }
        var state = JSONPatchState(document: document)
        for operation in operations {
            do {
                try state.apply(operation)
            } catch {
                throw PatchError(code: 422, message: error.message)
            }
        }
        return state.document
    }
}

/// One step of a JSON patch. Members that are missing are `nil`; what the step needs is checked when it runs,
/// as then the steps before it have their say first.
struct JSONPatchOperation {
    var op: String?
    var path: String?
    var from: String?
    var value: JSONValue

    init(_ json: JSONValue, index: Int) throws(PatchError) {
        guard json.isNull || json.objectValue != nil else {
            throw PatchError(
                code: 400,
                message: "error decoding patch: operation [\(index)] is an object, not a JSON \(json.typeName)"
            )
        }
        func text(_ name: String) throws(PatchError) -> String? {
            switch json[name] {
            case nil, .null?: return nil
            case .string(let text)?: return text
            case let other?:
                throw PatchError(
                    code: 400,
                    message: "error decoding patch: [\(index)].\(name) is a string, not a JSON \(other.typeName)"
                )
            }
        }
        op = try text("op")
        path = try text("path")
        from = try text("from")
        value = json["value"] ?? .null
    }
}

/// A step that does not apply.
struct JSONPatchFailure: Error {
    var message: String
    init(_ message: String) { self.message = message }
}

/// The document between two steps, and what the steps have cost so far.
struct JSONPatchState {
    private(set) var document: JSONValue
    private var copiedBytes = 0
    private var measuredNodes = 0

    /// Moved values are measured for depth; a patch that makes more work than this is refused.
    private static let maximumMeasuredNodes = 20_000_000

    private var shiftedElements = 0
    private let maximumShiftedElements: Int

    /// - Parameter maximumShiftedElements: the elements of lists that all steps together may shift by inserting and
    ///   removing before them; a patch that makes more work is refused.
    init(document: JSONValue, maximumShiftedElements: Int = 200_000_000) {
        self.document = document
        self.maximumShiftedElements = maximumShiftedElements
    }

    private mutating func shift(_ count: Int) throws(JSONPatchFailure) {
        shiftedElements += count
        guard shiftedElements <= maximumShiftedElements else {
            throw JSONPatchFailure(
                "the patch inserts and removes too often at the beginning of long lists: replace the list as a whole"
            )
        }
    }

    mutating func apply(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        switch operation.op {
        case "add": try add(operation)
        case "remove": try remove(operation)
        case "replace": try replace(operation)
        case "move": try move(operation)
        case "copy": try copy(operation)
        case "test": try test(operation)
        default: throw JSONPatchFailure("Unexpected kind: \(operation.op ?? "unknown")")
        }
    }

    private mutating func add(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let path = operation.path else {
            throw JSONPatchFailure("add operation failed to decode path: missing value")
        }
        let missing = "add operation does not apply: doc is missing path: \"\(path)\": missing value"
        try insert(operation.value, at: path, missing: missing, failure: "error in add for path: '\(path)'")
    }

    private mutating func remove(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let path = operation.path else {
            throw JSONPatchFailure("remove operation failed to decode path: missing value")
        }
        let missing = "remove operation does not apply: doc is missing path: \"\(path)\": missing value"
        try take(path, missing: missing, failure: "error in remove for path: '\(path)'")
    }

    private mutating func replace(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let path = operation.path else {
            throw JSONPatchFailure(
                "replace operation failed to decode path: operation missing path field: missing value"
            )
        }
        if path.isEmpty {
            guard operation.value.objectValue != nil || operation.value.arrayValue != nil else {
                throw JSONPatchFailure("replace operation value must be object or array")
            }
            document = operation.value
            return
        }
        let pointer = JSONPointer(path)
        try checkDepth(of: operation.value, at: pointer)
        let found: Void? = try pointer?.withContainer(of: &document) { container, key throws(JSONPatchFailure) in
            if case .array(var elements) = container {
                guard let index = JSONPointer.position(key, count: elements.count) else {
                    throw JSONPatchFailure(
                        "replace operation does not apply: doc is missing key: \(path): missing value"
                    )
                }
                container = .null
                elements[index] = operation.value
                container = .array(elements)
            } else {
                container[key] = operation.value
            }
        }
        if found == nil {
            throw JSONPatchFailure("replace operation does not apply: doc is missing path: \(path): missing value")
        }
    }

    private mutating func move(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let from = operation.from else {
            throw JSONPatchFailure("move operation failed to decode from: operation, missing from field: missing value")
        }
        let value = try take(
            from,
            missing: "move operation does not apply: doc is missing from path: \(from): missing value",
            failure: "error in move for path: '\(JSONPointer(from)?.key ?? "")'"
        )
        guard let path = operation.path else {
            throw JSONPatchFailure("move operation failed to decode path: operation missing path field: missing value")
        }
        let missing = "move operation does not apply: doc is missing destination path: \(path): missing value"
        try insert(value, at: path, missing: missing, failure: "error in move for path: '\(path)'")
    }

    private mutating func copy(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let from = operation.from else {
            throw JSONPatchFailure("copy operation failed to decode from: operation, missing from field: missing value")
        }
        let missingSource = "copy operation does not apply: doc is missing from path: \(from): missing value"
        let value = try read(from, missing: missingSource, failure: "error in copy for from: '\(from)'") ?? .null
        guard let path = operation.path else {
            throw JSONPatchFailure("copy operation failed to decode path: missing value")
        }
        copiedBytes += value.bytes.count
        guard copiedBytes <= Patch.maximumCopiedBytes else {
            throw JSONPatchFailure(
                "Unable to complete the copy, the accumulated size increase of copy is \(copiedBytes), "
                    + "exceeding the limit \(Patch.maximumCopiedBytes)"
            )
        }
        let missing = "copy operation does not apply: doc is missing destination path: \(path): missing value"
        try insert(value, at: path, missing: missing, failure: "error while adding value during copy")
    }

    private mutating func test(_ operation: JSONPatchOperation) throws(JSONPatchFailure) {
        guard let path = operation.path else {
            throw JSONPatchFailure("test operation failed to decode path: operation missing path field: missing value")
        }
        let missing = "test operation does not apply: is missing path: \(path): missing value"
        let actual =
            path.isEmpty
            ? document : try read(path, missing: missing, failure: "error in test for path: '\(path)'") ?? .null
        guard actual == operation.value else {
            throw JSONPatchFailure("testing value \(path) failed: test failed")
        }
    }

    // MARK: Access

    private mutating func read(_ path: String, missing: String, failure: String) throws(JSONPatchFailure) -> JSONValue?
    {
        let found = try JSONPointer(path)?.withContainer(of: &document) {
            container,
            key throws(JSONPatchFailure) -> JSONValue? in
            guard case .array(let elements) = container else { return container[key] }
            return elements[try JSONPointer.index(key, count: elements.count, failure: failure)]
        }
        guard let found else { throw JSONPatchFailure(missing) }
        return found
    }

    @discardableResult
    private mutating func take(_ path: String, missing: String, failure: String) throws(JSONPatchFailure) -> JSONValue {
        var shifted = 0
        let found = try JSONPointer(path)?.withContainer(of: &document) {
            container,
            key throws(JSONPatchFailure) -> JSONValue in
            if case .array(var elements) = container {
                let index = try JSONPointer.index(key, count: elements.count, failure: failure)
                container = .null
                let removed = elements.remove(at: index)
                shifted = elements.count - index
                container = .array(elements)
                return removed
            }
            guard let removed = container[key] else {
                throw JSONPatchFailure("\(failure): Unable to remove nonexistent key: \(key): missing value")
            }
            container[key] = nil
            return removed
        }
        guard let found else { throw JSONPatchFailure(missing) }
        try shift(shifted)
        return found
    }

    private mutating func insert(
        _ value: JSONValue,
        at path: String,
        missing: String,
        failure: String
    ) throws(JSONPatchFailure) {
        let pointer = JSONPointer(path)
        try checkDepth(of: value, at: pointer)
        var shifted = 0
        let found: Void? = try pointer?.withContainer(of: &document) { container, key throws(JSONPatchFailure) in
            guard case .array(var elements) = container else {
                container[key] = value
                return
            }
            let index =
                key == "-"
                ? elements.count : try JSONPointer.insertionIndex(key, count: elements.count, failure: failure)
            container = .null
            shifted = elements.count - index
            elements.insert(value, at: index)
            container = .array(elements)
        }
        if found == nil { throw JSONPatchFailure(missing) }
        try shift(shifted)
    }

    /// Steps can build a document that is nested deeper than any request may be, and a document must never be
    /// so deep that reading it exhausts a stack.
    private mutating func checkDepth(of value: JSONValue, at pointer: JSONPointer?) throws(JSONPatchFailure) {
        let depth = (pointer?.depth ?? 0) + value.nestingDepth(visited: &measuredNodes)
        guard depth <= JSONValue.defaultMaximumDepth, measuredNodes <= Self.maximumMeasuredNodes else {
            throw JSONPatchFailure(
                "the patch would nest the object more than \(JSONValue.defaultMaximumDepth) deep, or is too complex"
            )
        }
    }
}
