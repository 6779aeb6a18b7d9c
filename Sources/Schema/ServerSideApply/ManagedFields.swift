public import APIMachinery

/// Who owns which fields of an object: its `metadata.managedFields`.
public struct ManagedFields: Sendable, Hashable {
    /// How an owner came to own.
    public enum Operation: String, Sendable, Hashable { case apply = "Apply", update = "Update" }

    /// What identifies an entry. A manager that applies has one entry whatever version it applies in.
    public struct Manager: Sendable, Hashable {
        public var name: String
        public var operation: Operation
        /// Empty for appliers.
        public var apiVersion: String
        public var subresource: String

        /// The entry of that name; `apiVersion` counts for updates only.
        public init(name: String, operation: Operation, apiVersion: String, subresource: String = "") {
            self.name = name
            self.operation = operation
            self.apiVersion = operation == .apply ? "" : apiVersion
            self.subresource = subresource
        }
    }

    /// What one manager owns.
    public struct Entry: Sendable, Hashable {
        public var fields: FieldSet
        /// The version in whose terms the fields are named.
        public var apiVersion: String
        /// When the manager last changed the object; absent where it only took note of what was there.
        public var time: Timestamp?
    }

    /// A list of managed fields that cannot be read.
    public struct SyntaxError: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    public var entries: [Manager: Entry] = [:]

    /// No field has an owner.
    public init() {}

    /// Reads `metadata.managedFields`; absent and `null` are empty.
    ///
    /// - Throws: `SyntaxError` where an entry lacks what it must have.
    public init(json: JSONValue?) throws(SyntaxError) {
        guard let json, !json.isNull else { return }
        guard case .array(let elements) = json else {
            throw SyntaxError(description: "managedFields must be a list, not \(json.typeName)")
        }
        for (index, element) in elements.enumerated() {
            func text(_ field: String) -> String { element[field]?.stringValue ?? "" }
            guard let operation = Operation(rawValue: text("operation")) else {
                throw SyntaxError(description: "operation must be `Apply` or `Update`")
            }
            guard !text("apiVersion").isEmpty else { throw SyntaxError(description: "apiVersion must not be empty") }
            switch text("fieldsType") {
            case "FieldsV1": break
            case "": throw SyntaxError(description: "missing fieldsType in managed fields entry \(index)")
            case let other:
                let shown = GoText.quoted(other)
                throw SyntaxError(description: "invalid fieldsType \(shown) in managed fields entry \(index)")
            }
            let fields: FieldSet
            do {
                fields = try FieldSet(fieldsV1: element["fieldsV1"] ?? .object([:]))
            } catch {
                throw SyntaxError(description: "error decoding set of managed fields entry \(index): \(error)")
            }
            let manager = Manager(
                name: text("manager"),
                operation: operation,
                apiVersion: text("apiVersion"),
                subresource: text("subresource")
            )
            entries[manager] = Entry(
                fields: fields,
                apiVersion: text("apiVersion"),
                time: element["time"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
            )
        }
    }

    /// Whether there is no entry.
    public var isEmpty: Bool { entries.isEmpty }

    /// The list as it stands in an object, in the order in which the API server lists it: by operation, time,
    /// manager, version, subresource. `nil` where there is no entry.
    public var json: JSONValue? {
        if entries.isEmpty { return nil }
        return .array(
            sorted.map { manager, entry in
                var json: JSONObject = [
                    "apiVersion": .string(entry.apiVersion),
                    "fieldsType": "FieldsV1",
                    "fieldsV1": entry.fields.fieldsV1,
                    "operation": .string(manager.operation.rawValue),
                ]
                if !manager.name.isEmpty { json["manager"] = .string(manager.name) }
                if !manager.subresource.isEmpty { json["subresource"] = .string(manager.subresource) }
                if let time = entry.time { json["time"] = .string(time.rfc3339) }
                return .object(json)
            }
        )
    }

    /// The entries in that order.
    public var sorted: [(manager: Manager, entry: Entry)] {
        entries.map { (manager: $0.key, entry: $0.value) }.sorted { a, b in
            if a.manager.operation != b.manager.operation { return a.manager.operation == .apply }
            let times = (a.entry.time?.seconds ?? 0, b.entry.time?.seconds ?? 0)
            if times.0 != times.1 { return times.0 < times.1 }
            for (left, right) in [
                (a.manager.name, b.manager.name), (a.entry.apiVersion, b.entry.apiVersion),
                (a.manager.subresource, b.manager.subresource),
            ] {
                let order = left.compareBytes(to: right)
                if order != 0 { return order < 0 }
            }
            return false
        }
    }

    /// Whether an update says that ownership shall be forgotten: an empty list, or one of an empty entry.
    static func isReset(_ json: JSONValue?) -> Bool {
        guard case .array(let entries)? = json else { return false }
        return entries.isEmpty || (entries.count == 1 && entries[0].objectValue?.isEmpty == true)
    }
}

extension ManagedFields.Manager: CustomStringConvertible {
    /// The manager as conflicts name it.
    public var description: String {
        var text = GoText.quoted(name)
        if !subresource.isEmpty { text += " with subresource \(GoText.quoted(subresource))" }
        if operation == .update { text += " using \(apiVersion)" }
        return text
    }

    /// By which conflicts and equally old entries are ordered.
    var sortKey: String { "\(name)\u{0}\(operation.rawValue)\u{0}\(apiVersion)\u{0}\(subresource)" }
}
