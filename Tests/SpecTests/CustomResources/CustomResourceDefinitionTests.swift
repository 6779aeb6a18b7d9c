import APIMachinery
import KubeYAML
import Schema
import Spec
import TestSupport
import Testing

/// The definitions that clusters are given.
@Suite struct CustomResourceDefinitionTests {
    static let definitions =
        CustomResourceDefinitions.all.map(\.definition) + [WorkflowRunDefinition.definition]

    static func schema(_ definition: JSONValue) throws -> JSONValue {
        let version = try #require(definition.value(at: "spec", "versions")?.arrayValue?.first)
        return try #require(version.value(at: "schema", "openAPIV3Schema"))
    }

    @Test("Schemas are structural, as a cluster demands", arguments: definitions)
    func structural(_ definition: JSONValue) throws {
        let props = try JSONSchemaProps(json: try Self.schema(definition))
        #expect(SchemaReview.review(props, at: FieldPath("spec").child("validation"), hasStatus: true) == [])
        #expect(try JSONSchemaProps(json: props.json) == props)
    }

    @Test("Names agree with one another", arguments: definitions)
    func names(_ definition: JSONValue) {
        let names = definition.value(at: "spec", "names")
        let plural = names?["plural"]?.stringValue ?? ""
        let group = definition.value(at: "spec", "group")?.stringValue ?? ""
        #expect(definition.value(at: "metadata", "name") == .string("\(plural).\(group)"))
        #expect(names?["listKind"]?.stringValue == "\(names?["kind"]?.stringValue ?? "")List")
        #expect(plural == plural.lowercased() && names?["singular"]?.stringValue?.isEmpty == false)
    }

    @Test("Printer columns and the scale subresource read fields that exist", arguments: definitions)
    func paths(_ definition: JSONValue) throws {
        let version = try #require(definition.value(at: "spec", "versions")?.arrayValue?.first)
        var paths = (version["additionalPrinterColumns"]?.arrayValue ?? []).compactMap { $0["jsonPath"]?.stringValue }
        for (key, value) in version.value(at: "subresources", "scale")?.objectValue ?? [:] {
            #expect(key.hasSuffix("Path"))
            paths.append(value.stringValue ?? "")
        }
        #expect(!paths.isEmpty)
        for path in paths where !path.hasPrefix(".metadata") {
            var place = try Self.schema(definition)
            for name in path.split(separator: "[")[0].split(separator: ".") {
                place = try #require(place.value(at: "properties", String(name)), "\(path): there is no \(name)")
            }
        }
    }

    @Test(
        "The files in manifests/crds are what the definitions say",
        arguments: CustomResourceDefinitions.all.map(\.file)
    )
    func files(_ file: String) throws {
        let text = Files.text("\(Files.root)/manifests/crds/\(file)")
        let expected = CustomResourceDefinitions.all.first { $0.file == file }?.definition
        #expect(try YAML.parse(text) == expected, "run: make generate")
    }

    @Test("Every field has a description", arguments: definitions)
    func descriptions(_ definition: JSONValue) throws {
        func check(_ schema: JSONValue, _ path: String) {
            for (name, property) in schema["properties"]?.objectValue ?? [:] {
                if path.isEmpty, name == "metadata" { continue }
                // The fields of a run's status are written by us alone and explained where they are read.
                if path == ".status", definition.value(at: "spec", "names", "kind") == "WorkflowRun" { continue }
                #expect(property["description"]?.stringValue?.isEmpty == false, "\(path).\(name)")
                check(property, "\(path).\(name)")
            }
            if let items = schema["items"] { check(items, path + "[]") }
        }
        check(try Self.schema(definition), "")
    }
}
