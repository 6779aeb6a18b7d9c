package import APIMachinery

/// Makes the tables that `kubectl get` shows.
package struct TableWriter {
    private enum Inclusion { case none, metadata, object }

    private let resource: ServedResource
    /// The moment from which ages are counted.
    package var now: Timestamp
    private let version: String
    private let inclusion: Inclusion
    private let columns: [PrinterColumn]
    private let paths: [JSONPath?]
    private var rows: [JSONValue] = []

    package init(resource: ServedResource, context: RequestContext, version: String) throws(Status) {
        self.resource = resource
        self.version = version
        now = context.now
        switch context.query["includeObject"] ?? "" {
        case "", "Metadata": inclusion = .metadata
        case "None": inclusion = .none
        case "Object": inclusion = .object
        case let other:
            throw .badRequest(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"\(other)\": must be "
                    + "'Metadata', 'Object', 'None', or empty"
            )
        }
        columns = Self.columns(of: resource)
        paths = columns.map { $0.jsonPath.isEmpty ? nil : JSONPath($0.jsonPath) }
    }

    package static let nameColumn = PrinterColumn(
        name: "Name",
        type: "string",
        format: "name",
        description:
            "Name must be unique within a namespace. Is required when creating resources, although some resources "
            + "may allow a client to request the generation of an appropriate name automatically. Name is "
            + "primarily intended for creation idempotence and configuration definition. Cannot be "
            + "updated. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
    )

    package static let ageColumn = PrinterColumn(
        name: "Age",
        type: "date",
        description:
            "CreationTimestamp is a timestamp representing the server time when this object was created. It is "
            + "not guaranteed to be set in happens-before order across separate operations. Clients may not "
            + "set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the "
            + "system. Read-only. Null for lists. More info: "
            + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
        jsonPath: ".metadata.creationTimestamp"
    )

    private static func columns(of resource: ServedResource) -> [PrinterColumn] {
        // Events have their name among their own columns, and not first.
        if hasOwnName(resource) { return resource.columns }
        return [nameColumn] + (resource.columns.isEmpty ? [ageColumn] : resource.columns)
    }

    private static func hasOwnName(_ resource: ServedResource) -> Bool {
        !resource.isCustom && resource.columns.contains { $0.name == nameColumn.name }
    }

    package mutating func add(_ object: JSONValue) { rows.append(row(object)) }

    /// The row of an object.
    package func row(_ object: JSONValue) -> JSONValue {
        var cells: [JSONValue] = Self.hasOwnName(resource) ? [] : [.string(Unstructured(object).name)]
        if let own = resource.strategy.cells(object, now: now) {
            cells += own
        } else {
            for (column, path) in zip(columns, paths).dropFirst() { cells.append(cell(column, path, object)) }
        }
        var row: JSONValue = ["cells": .array(cells)]
        switch inclusion {
        case .none: row["object"] = .null
        case .metadata: row["object"] = PartialMetadata.of(object, version: version)
        case .object: row["object"] = object
        }
        return row
    }

    var columnDefinitions: JSONValue {
        .array(
            columns.map { column in
                [
                    "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                    "description": .string(column.description), "priority": .int(column.priority),
                ]
            }
        )
    }

    /// The table. Only the first of a watch has the columns.
    package func finish(metadata: JSONValue, withColumns: Bool = true) -> JSONValue {
        var table: JSONValue = [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "rows": .array(rows), "columnDefinitions": .null,
        ]
        if withColumns { table["columnDefinitions"] = columnDefinitions }
        return table
    }

    mutating func removeRows() { rows = [] }

    private func cell(_ column: PrinterColumn, _ path: JSONPath?, _ object: JSONValue) -> JSONValue {
        guard let value = path?.values(in: object).first else { return .null }
        switch column.type {
        case "integer":
            switch value {
            case .int: return value
            case .double(let number): return Int64(exactly: number.rounded(.towardZero)).map { .int($0) } ?? .null
            default: return .null
            }
        case "number": return value.doubleValue == nil ? .null : value
        case "boolean": return value.boolValue == nil ? .null : value
        case "date":
            guard let text = value.stringValue else { return .null }
            return .string(Self.age(text, now: now))
        default: return .string(JSONPath.text(value))
        }
    }

    /// How long ago a moment was, as people read it.
    package static func age(_ text: String?, now: Timestamp) -> String {
        guard let text, !text.isEmpty else { return "<unknown>" }
        guard let moment = Timestamp(rfc3339: text) else { return "<invalid>" }
        return HumanDuration.human(now.since(moment.truncatedToSeconds))
    }
}
