import APIMachinery
import GenericAPIServer
import Schema

/// The versions of a definition and what they say of their objects. What all versions say alike stands, in the form
/// that the reference checks, once for all of them, so that is how errors name it.
struct VersionContents {
    private static let hoistedFields = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"]
    private static let hoistedNames = ["schema": "validation"]

    private let spec: JSONValue
    private let path: FieldPath
    /// The versions without what they share.
    private var versions: [JSONValue]
    /// What they share, by the name that a version has for it.
    private var shared: JSONObject = [:]

    init(_ spec: JSONValue, at path: FieldPath) {
        self.spec = spec
        self.path = path
        versions = spec["versions"]?.arrayValue ?? []
        guard let first = versions.first else { return }
        for field in Self.hoistedFields {
            let value = Self.significant(first[field])
            guard let value, versions.allSatisfy({ Self.significant($0[field]) == value }) else { continue }
            shared[field] = value
            for index in versions.indices { versions[index][field] = nil }
        }
    }

    /// An empty list says nothing.
    private static func significant(_ value: JSONValue?) -> JSONValue? {
        if value?.isNull == true || value?.arrayValue?.isEmpty == true { return nil }
        return value
    }

    var errors: [FieldError] {
        var errors = schemasAreThere()
        if spec["preserveUnknownFields"]?.boolValue == true, hasDefaults {
            let detail = "must be false in order to use defaults in the schema"
            errors.append(.invalid(path.child("preserveUnknownFields"), true, detail))
        }
        let list = path.child("versions")
        for (index, version) in versions.enumerated() {
            let faults = Validation.dns1035Label(version["name"]?.stringValue ?? "")
            if !faults.isEmpty {
                let place = list.index(index).child("name")
                errors.append(.invalid(place, version["name"] ?? "", faults.joined(separator: ",")))
            }
            errors += contents(of: version, at: list.index(index))
        }
        errors += listErrors(at: list)
        let validation = path.child(Self.hoistedNames["schema"] ?? "")
        errors += SchemaErrors.errors(shared["schema"], at: validation, hasStatus: hasAnyStatus)
        errors += Self.subresources(shared["subresources"], at: path.child("subresources"))
        errors += Self.columns(shared["additionalPrinterColumns"], at: path.child("additionalPrinterColumns"))
        guard let fields = shared["selectableFields"]?.arrayValue else { return errors }
        let place = path.child("selectableFields")
        guard let schema = shared["schema"] else {
            return errors + [.invalid(place, "", "may only be set when validations.schema is included")]
        }
        return errors + SelectableFields.errors(fields, schema: schema, at: place)
    }

    private func contents(of version: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors = Self.deprecationErrors(version, at: path.child("deprecationWarning"))
        let subresources = shared["subresources"] ?? version["subresources"]
        let hasStatus = subresources?["status"]?.objectValue != nil
        errors += SchemaErrors.errors(version["schema"], at: path.child("schema"), hasStatus: hasStatus)
        errors += Self.subresources(version["subresources"], at: path.child("subresources"))
        errors += Self.columns(version["additionalPrinterColumns"], at: path.child("additionalPrinterColumns"))
        let fields = version["selectableFields"]?.arrayValue ?? []
        guard !fields.isEmpty else { return errors }
        let place = path.child("selectableFields")
        guard let schema = version["schema"], schema["openAPIV3Schema"]?.objectValue != nil else {
            let detail = "may only be set when `version.schema.openAPIV3Schema` is not included"
            return errors + [.invalid(place, "", detail)]
        }
        return errors + SelectableFields.errors(fields, schema: schema, at: place)
    }

    private func schemasAreThere() -> [FieldError] {
        guard shared["schema"]?["openAPIV3Schema"]?.objectValue == nil else { return [] }
        return versions.indices.compactMap { index in
            guard versions[index].value(at: "schema", "openAPIV3Schema")?.objectValue == nil else { return nil }
            return .required(path.child("versions").index(index).child("schema", "openAPIV3Schema"))
        }
    }

    private var hasDefaults: Bool {
        ([shared["schema"]] + versions.map { $0["schema"] }).contains { schema in
            // A schema that cannot be read is refused where schemas are checked.
            guard let json = schema?["openAPIV3Schema"], let parsed = try? JSONSchemaProps(json: json) else {
                return false
            }
            return parsed.contains { $0.defaultValue != nil }
        }
    }

    private var hasAnyStatus: Bool {
        ([shared["subresources"]] + versions.map { $0["subresources"] }).contains { $0?["status"]?.objectValue != nil }
    }

    private func listErrors(at list: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let names = versions.map { $0["name"]?.stringValue ?? "" }
        if Set(names).count < names.count {
            errors.append(listError(list, "must contain unique version names"))
        }
        if versions.count(where: { $0["storage"]?.boolValue == true }) != 1 {
            errors.append(listError(list, "must have exactly one version marked as storage version"))
        }
        // The older form of the API, which the reference checks too, has the first version's name by itself.
        guard let first = names.first, !first.isEmpty else { return errors }
        let faults = Validation.dns1035Label(first)
        if !faults.isEmpty {
            errors.append(.invalid(path.child("version"), .string(first), faults.joined(separator: ",")))
        }
        return errors
    }

    /// A fault of the versions as a whole, which the reference shows with the names and in the order of its own
    /// structures.
    private func listError(_ list: FieldPath, _ detail: String) -> FieldError {
        let texts = versions.map { version in
            let members: [(String, JSONValue)] = [
                ("Name", version["name"] ?? ""), ("Served", version["served"] ?? false),
                ("Storage", version["storage"] ?? false), ("Deprecated", version["deprecated"] ?? false),
                ("DeprecationWarning", version["deprecationWarning"] ?? .null), ("Schema", version["schema"] ?? .null),
                ("Subresources", version["subresources"] ?? .null),
                ("AdditionalPrinterColumns", version["additionalPrinterColumns"] ?? .null),
                ("SelectableFields", version["selectableFields"] ?? .null),
            ]
            return "{\(members.map { "\"\($0)\":\($1.text)" }.joined(separator: ","))}"
        }
        let shown = versions.isEmpty ? "null" : "[\(texts.joined(separator: ","))]"
        return FieldError(reason: .invalid, field: list.description, body: "Invalid value: \(shown): \(detail)")
    }

    // MARK: Parts of a version

    private static func deprecationErrors(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        guard let text = version["deprecationWarning"]?.stringValue else { return [] }
        func error(_ detail: String) -> FieldError { .invalid(path, .string(text), detail) }
        if version["deprecated"]?.boolValue != true { return [error("can only be set for deprecated versions")] }
        var errors: [FieldError] = []
        if text.utf8.count > 256 { errors.append(error("must be <= 256 characters long")) }
        if text.isEmpty { errors.append(error("must not be an empty string")) }
        var offset = 0
        for scalar in text.unicodeScalars {
            guard scalar == " " || !scalar.properties.isUnprintable else {
                let found = "non-printable character found at index \(offset)"
                errors.append(error("must only contain printable UTF-8 characters; \(found)"))
                break
            }
            offset += scalar.utf8.count
        }
        return errors
    }

    private static let formats = [
        "byte", "date", "date-time", "double", "float", "int32", "int64", "password",
    ]

    private static func columns(_ columns: JSONValue?, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let types = ["boolean", "date", "integer", "number", "string"]
        let choice = "must be one of \(types.joined(separator: ","))"
        for (index, column) in (columns?.arrayValue ?? []).enumerated() {
            let at = path.index(index)
            if (column["name"]?.stringValue ?? "").isEmpty { errors.append(.required(at.child("name"))) }
            let type = column["type"]?.stringValue ?? ""
            if type.isEmpty {
                errors.append(.required(at.child("type"), choice))
            } else if !types.contains(type) {
                errors.append(.invalid(at.child("type"), .string(type), choice))
            }
            if let format = column["format"]?.stringValue, !format.isEmpty, !formats.contains(format) {
                let detail = "must be one of \(formats.joined(separator: ","))"
                errors.append(.invalid(at.child("format"), .string(format), detail))
            }
            let jsonPath = column["jsonPath"]?.stringValue ?? ""
            if jsonPath.isEmpty {
                errors.append(.required(at.child("JSONPath")))
            } else {
                errors += simplePath(jsonPath, at: at.child("JSONPath"))
            }
        }
        return errors
    }

    private static func simplePath(_ text: String, at path: FieldPath) -> [FieldError] {
        text.hasPrefix(".") ? [] : [.invalid(path, .string(text), "must be a simple json path starting with .")]
    }

    private static func subresources(_ subresources: JSONValue?, at path: FieldPath) -> [FieldError] {
        guard let scale = subresources?["scale"], scale.objectValue != nil else { return [] }
        var errors: [FieldError] = []
        let at = path.child("scale")
        func check(_ field: String, under roots: [String], _ detail: String) {
            let text = scale[field]?.stringValue ?? ""
            let faults = simplePath(text, at: at.child(field))
            if !faults.isEmpty {
                errors += faults
            } else if !roots.contains(where: { text.hasPrefix("\($0).") }) {
                errors.append(.invalid(at.child(field), .string(text), detail))
            }
        }
        for (field, root) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
            if (scale[field]?.stringValue ?? "").isEmpty {
                errors.append(.required(at.child(field)))
            } else {
                check(field, under: [root], "should be a json path under \(root)")
            }
        }
        if !(scale["labelSelectorPath"]?.stringValue ?? "").isEmpty {
            let detail = "should be a json path under either .spec or .status"
            check("labelSelectorPath", under: [".spec", ".status"], detail)
        }
        return errors
    }
}

extension Unicode.Scalar.Properties {
    /// Whether nothing would be seen of the character, or only an effect on others.
    fileprivate var isUnprintable: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            true
        default: false
        }
    }
}
