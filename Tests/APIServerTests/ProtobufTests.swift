import APIMachinery
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// Objects in Kubernetes' binary encoding lose nothing on their way: every field of every type, from the type tables.
@Suite struct ProtobufTests {
    static let types = ProtobufDecoder.tables
        .flatMap { $0.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) } }
        .filter { TypeCatalog.builtIn[$0] != nil }.sorted()

    @Test("Every field has a number", arguments: types)
    func numbers(type: String) throws {
        func names(_ entries: [UInt64: ProtobufDecoder.Entry]) -> [String] {
            entries.values.flatMap { entry in
                switch entry {
                case .field(let field, _): [field.name]
                case .embedded(let inner): names(inner)
                }
            }
        }
        let numbered = names(ProtobufDecoder.numbers[type] ?? [:])
        let fields = try #require(TypeCatalog.builtIn[type]).fields.map(\.name)
        // A document's own type is told beside it.
        let lost = Set(fields).subtracting(numbered).subtracting(["apiVersion", "kind"])
        #expect(lost.isEmpty)
        #expect(Set(numbered).count == numbered.count)
    }

    @Test("Every type that a field has is known", arguments: types)
    func known(type: String) throws {
        for field in try #require(TypeCatalog.builtIn[type]).fields {
            guard let name = Self.named(field.type) else { continue }
            #expect(TypeCatalog.builtIn[name] != nil, "\(field.name) is a \(name)")
            #expect(ProtobufDecoder.numbers[name] != nil, "\(field.name) is a \(name)")
        }
    }

    private static func named(_ type: TypeReference) -> String? {
        switch type {
        case .named(let name): name
        case .list(let element), .map(let element): named(element)
        case .scalar: nil
        }
    }

    @Test(
        "A whole object comes back as it was sent",
        arguments: [
            ("v1", "Pod"), ("v1", "Node"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Namespace"),
            ("v1", "ServiceAccount"), ("v1", "Event"), ("events.k8s.io/v1", "EventsEvent"),
            ("coordination.k8s.io/v1", "Lease"), ("apps/v1", "ControllerRevision"), ("autoscaling/v1", "Scale"),
            ("policy/v1", "PodDisruptionBudget"), ("policy/v1", "Eviction"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"), ("autoscaling/v1", "V1HorizontalPodAutoscaler"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ]
    )
    func roundTrip(apiVersion: String, type: String) throws {
        var sample = Sample()
        var object = sample.object(type, depth: 0)
        object["apiVersion"] = .string(apiVersion)
        let kinds = ["EventsEvent": "Event", "V1HorizontalPodAutoscaler": "HorizontalPodAutoscaler"]
        object["kind"] = .string(kinds[type] ?? type)
        let wire = Wire.envelope(apiVersion, object["kind"]?.stringValue ?? "", Wire.message(object, type))
        let decoded = try ProtobufDecoder.decode(wire)
        #expect(decoded == object)
        // What came in this way is read as a document is, and loses nothing then either.
        var decoder = TypedDecoder()
        let read = try decoder.decode(decoded, as: type)
        #expect(read == object)
        #expect(decoder.unknown.isEmpty)
    }

    @Test("What is not set is left out, and what is set to nothing is kept where it can be told apart")
    func zeros() throws {
        // containers { name: "c" image: "" stdin: false } restartPolicy: "" runtimeClassName: "" hostNetwork: false
        let container = Wire.field(1, Array("c".utf8)) + Wire.field(2, []) + Wire.number(16, 0)
        let spec =
            Wire.field(2, container) + Wire.field(3, []) + Wire.field(29, []) + Wire.number(11, 0) + Wire.number(4, 0)
        let pod = try ProtobufDecoder.decode(Wire.envelope("v1", "Pod", Wire.field(2, spec)))
        #expect(
            pod["spec"] == [
                "containers": [["name": "c"]], "runtimeClassName": "", "terminationGracePeriodSeconds": 0,
            ]
        )
    }
}

/// Makes an object in which every field of its type is set, each value another one.
private struct Sample {
    private var count: Int64 = 1

    mutating func object(_ type: String, depth: Int) -> JSONValue {
        var object: JSONValue = .object([:])
        for field in TypeCatalog.builtIn[type]?.fields ?? []
        where !["apiVersion", "kind"].contains(field.name) || depth > 0 && type != "DeleteOptions" {
            object[field.name] = value(field.type, depth: depth)
        }
        return object
    }

    private mutating func value(_ type: TypeReference, depth: Int) -> JSONValue {
        switch type {
        case .named(let name): return object(name, depth: depth + 1)
        case .list(let element): return [value(element, depth: depth), value(element, depth: depth)]
        case .map(let element): return ["a": value(element, depth: depth), "b": value(element, depth: depth)]
        case .scalar(let name):
            count += 1
            switch name {
            case "bool": return true
            case "int32", "int64", "number": return .int(count % 2 == 0 ? count : -count)
            case "bytes": return .string(Base64.encode(Array("bytes \(count)".utf8)))
            case "quantity": return .string(String(count))
            case "intorstring": return count % 2 == 0 ? .int(count) : .string("port-\(count)")
            case "time": return .string(Timestamp(seconds: count).rfc3339)
            case "microtime": return .string(Timestamp(seconds: count, nanoseconds: 5_000).rfc3339Micro)
            case "any": return ["member": .int(count)]
            default: return .string("text \(count)")
            }
        }
    }
}

/// Writes the binary encoding, as Kubernetes' clients do.
private enum Wire {
    static func envelope(_ apiVersion: String, _ kind: String, _ raw: [UInt8]) -> [UInt8] {
        let type = field(1, Array(apiVersion.utf8)) + field(2, Array(kind.utf8))
        return [0x6B, 0x38, 0x73, 0x00] + field(1, type) + field(2, raw)
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }

    static func number(_ number: UInt64, _ value: Int64) -> [UInt8] {
        varint(number << 3) + varint(UInt64(bitPattern: value))
    }

    static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func message(_ object: JSONValue, _ type: String) -> [UInt8] {
        entries(object, ProtobufDecoder.numbers[type] ?? [:])
    }

    private static func entries(_ object: JSONValue, _ table: [UInt64: ProtobufDecoder.Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (number, entry) in table.sorted(by: { $0.key < $1.key }) {
            switch entry {
            case .embedded(let inner): bytes += field(number, entries(object, inner))
            case .field(let definition, _):
                guard let value = object[definition.name] else { continue }
                switch definition.type {
                case .list(let element):
                    for item in value.arrayValue ?? [] { bytes += self.value(number, item, element) }
                case .map(let element):
                    for (key, item) in value.objectValue ?? [:] {
                        bytes += field(number, field(1, Array(key.utf8)) + self.value(2, item, element))
                    }
                default: bytes += self.value(number, value, definition.type)
                }
            }
        }
        return bytes
    }

    private static func value(_ number: UInt64, _ value: JSONValue, _ type: TypeReference) -> [UInt8] {
        let text = Array((value.stringValue ?? "").utf8)
        switch type {
        case .named(let name): return field(number, message(value, name))
        case .scalar("bool"): return self.number(number, value.boolValue == true ? 1 : 0)
        case .scalar("int32"), .scalar("int64"): return self.number(number, value.intValue ?? 0)
        case .scalar("bytes"): return field(number, Base64.decode(value.stringValue ?? "", allowing: .anyForm) ?? [])
        case .scalar("quantity"): return field(number, field(1, text))
        case .scalar("any"): return field(number, field(1, value.bytes))
        case .scalar("intorstring"):
            let isText = value.stringValue != nil
            return field(number, self.number(1, isText ? 1 : 0) + self.number(2, value.intValue ?? 0) + field(3, text))
        case .scalar("time"), .scalar("microtime"):
            let time = Timestamp(rfc3339: value.stringValue ?? "") ?? Timestamp(seconds: 0)
            return field(number, self.number(1, time.seconds) + self.number(2, Int64(time.nanoseconds)))
        default: return field(number, text)
        }
    }
}
