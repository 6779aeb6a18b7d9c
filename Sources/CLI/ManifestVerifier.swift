import APIMachinery
import Basics
import FoundationEssentials
import KubeYAML
import Schema
import Spec

/// Checks manifests as the API server would, without one: schema, unknown fields, names, and the rules that a schema
/// cannot state.
struct ManifestVerifier {
    /// What was found in one document of one file.
    struct Finding {
        var file: String
        /// `Workflow/name`, as far as the document says.
        var object: String
        var errors: [FieldError]
        /// Whether the kind is one of ours; others are left to their own server.
        var isKnown: Bool
        /// What has no effect, or another one than it seems; the server says so when the object is applied.
        var warnings: [String] = []

        var json: JSONValue {
            [
                "file": .string(file), "object": .string(object), "valid": .bool(errors.isEmpty),
                "checked": .bool(isKnown),
                "errors": .array(errors.map(Self.json)), "warnings": .array(warnings.map { .string($0) }),
            ]
        }

        private static func json(_ error: FieldError) -> JSONValue {
            [
                "field": .string(error.field), "reason": .string(error.reason.rawValue),
                "message": .string(error.body),
            ]
        }
    }

    private let schemas: [GroupVersionKind: CustomResourceSchema]

    init() throws {
        var schemas: [GroupVersionKind: CustomResourceSchema] = [:]
        for definition in CustomResourceDefinitions.all.map(\.definition) + [WorkflowRunDefinition.definition] {
            let spec = definition["spec"]
            let group = spec?["group"]?.stringValue ?? ""
            let kind = spec?.value(at: "names", "kind")?.stringValue ?? ""
            for version in spec?["versions"]?.arrayValue ?? [] {
                guard let schema = version.value(at: "schema", "openAPIV3Schema") else { continue }
                let key = GroupVersionKind(group: group, version: version["name"]?.stringValue ?? "", kind: kind)
                schemas[key] = try CustomResourceSchema(json: schema)
            }
        }
        self.schemas = schemas
    }

    /// Every manifest at the path: a file, or all `.yaml`, `.yml` and `.json` files of a folder and its folders.
    func verify(path: String) throws -> [Finding] {
        if path == "-" { return verify(Terminal.readStandardInput(), file: "stdin") }
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure(.notFound, "\(path) does not exist; check the path")
        }
        guard isDirectory else { return verify(file: path) }
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        } catch {
            throw Failure(.refused, "the directory \(path) cannot be read; check who may read it and those in it")
        }
        let files = names.filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }
        return files.flatMap { verify(file: "\(path)/\($0)") }
    }

    private func verify(file: String) -> [Finding] {
        do throws(InputFileError) {
            return verify(Array(try InputFile.text(file, mayBeEmpty: true).utf8), file: file)
        } catch {
            return [Self.unreadable(file, "the file \(error.reason)")]
        }
    }

    private static func unreadable(_ file: String, _ fault: String) -> Finding {
        let error = FieldError(reason: .invalid, field: "", body: fault)
        return Finding(file: file, object: "-", errors: [error], isKnown: true)
    }

    /// Every manifest in a text of one or more documents.
    func verify(_ text: [UInt8], file: String) -> [Finding] {
        do throws(YAMLError) {
            return try YAML.parseStream(text, strict: true).flatMap { document in
                if document["kind"] == "List", let items = document["items"]?.arrayValue {
                    return items.map { verify($0, file: file) }
                }
                return [verify(document, file: file)]
            }
        } catch {
            return [Self.unreadable(file, error.message)]
        }
    }

    private func verify(_ document: JSONValue, file: String) -> Finding {
        let object = Unstructured(document)
        let name = object.name.isEmpty ? object.generateName : object.name
        let shown = object.kind.isEmpty ? "-" : object.kind
        let label = name.isEmpty ? shown : "\(shown)/\(name)"
        var finding = Finding(file: file, object: label, errors: [], isKnown: true)
        guard let kind = object.groupVersionKind, !kind.kind.isEmpty, !kind.version.isEmpty else {
            finding.errors = [.required(FieldPath("kind"), "an object states its apiVersion and kind")]
            return finding
        }
        guard let schema = schemas[kind] else {
            finding.isKnown = kind.group == "martinet.dev" || kind.group.hasSuffix(".martinet.dev")
            if finding.isKnown {
                let known = schemas.keys.map { "\($0.apiVersion) \($0.kind)" }.sorted()
                finding.errors = [.notSupported(FieldPath("kind"), .string("\(kind.apiVersion) \(kind.kind)"), known)]
            }
            return finding
        }
        if name.isEmpty {
            finding.errors.append(.required(FieldPath("metadata").child("name"), "name or generateName is required"))
        } else if let fault = Validation.dns1123Subdomain(object.name.isEmpty ? name + "x" : name).first {
            finding.errors.append(.invalid(FieldPath("metadata").child("name"), .string(name), fault))
        }
        do throws(CoercionError) {
            let (known, unknown) = try schema.coerce(document)
            finding.errors += unknown.map {
                FieldError(reason: .invalid, field: $0, body: "unknown field \"\($0)\"")
            }
            let complete = schema.fillDefaults(known)
            finding.errors += schema.validateCreate(complete).errors
            // The rules beyond the schema speak of values that the schema has accepted.
            if finding.errors.isEmpty { finding.errors = SemanticValidation.validate(complete) }
            if finding.errors.isEmpty { finding.warnings = SemanticWarnings.warnings(complete) }
        } catch {
            finding.errors.append(FieldError(reason: .invalid, field: "metadata", body: error.description))
        }
        return finding
    }
}
