import APIMachinery
import Storage
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// The parts that need no server.
@Suite struct PureTests {
    @Test(
        "Paths are taken apart as Kubernetes does",
        arguments: [
            ("GET", "/api/v1/pods", "list", "", "pods", "", ""),
            ("GET", "/api/v1/namespaces", "list", "", "namespaces", "", ""),
            ("GET", "/api/v1/namespaces/x", "get", "x", "namespaces", "x", ""),
            ("PUT", "/api/v1/namespaces/x/finalize", "update", "x", "namespaces", "x", "finalize"),
            ("GET", "/api/v1/namespaces/x/pods/a/log", "get", "x", "pods", "a", "log"),
            ("GET", "/api/v1/watch/namespaces/x/pods", "watch", "x", "pods", "", ""),
            ("GET", "/api/v1/namespaces/x/pods/a?watch=1", "get", "x", "pods", "a", ""),
            ("GET", "/api/v1/namespaces/x/pods?watch=1", "watch", "x", "pods", "", ""),
            ("DELETE", "/apis/g.io/v1/namespaces/x/things", "deletecollection", "x", "things", "", ""),
            ("POST", "/apis/g.io/v1/things/a/b", "create", "", "things", "a", "b"),
        ] as [(String, String, String, String, String, String, String)]
    )
    func requestInfo(
        method: String,
        path: String,
        verb: String,
        namespace: String,
        resource: String,
        name: String,
        subresource: String
    ) throws {
        let sides = path.split(separator: "?").map(String.init)
        let query = QueryParameters(sides.count > 1 ? sides[1] : "")
        let info = try #require(RequestInfo(method: method, path: sides[0], query: query))
        #expect(
            [info.verb, info.namespace, info.resource, info.name, info.subresource] == [
                verb, namespace, resource, name, subresource,
            ]
        )
    }

    @Test(
        "Paths that are no resources",
        arguments: ["/", "/api", "/api/v1", "/apis/g", "/apis/g/v1", "/healthz", "/openapi/v2"]
    )
    func noResource(path: String) { #expect(RequestInfo(method: "GET", path: path, query: QueryParameters("")) == nil) }

    @Test("Versions sort by stability, then number, newest first")
    func versions() {
        let names = ["v1alpha1", "foo", "v2", "v10", "v1beta2", "v1", "v1beta10", "bar"]
        #expect(
            names.sorted(by: VersionOrder.precedes) == [
                "v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "bar", "foo",
            ]
        )
    }

    @Test("A document is rewritten to another version by its prefix alone")
    func prefix() throws {
        let object: JSONValue = ["kind": "Thing", "apiVersion": "g/v1", "aaa": 1, "metadata": ["name": "x"]]
        let bytes = DocumentEncoder.encode(object).bytes(at: 42)
        let length = DocumentEncoder.prefixLength(apiVersion: "g/v1", kind: "Thing")
        let other = DocumentEncoder.rewrite(bytes, from: length, apiVersion: "g/v2beta1", kind: "Thing")
        var expected = object
        expected["apiVersion"] = "g/v2beta1"
        expected.set("42", at: ["metadata", "resourceVersion"])
        #expect(try JSONValue(parsing: other) == expected)
    }

    @Test("Sorted objects keep their order through many changes, and copies stay as they were")
    func sortedObjects() {
        func object(_ number: Int) -> CachedObject {
            let path = "p\(String(number + 10000))"
            return CachedObject(path: path, revision: Int64(number), bytes: [], document: .null, fields: [:])
        }
        var objects = SortedObjects()
        var numbers = Array(0..<2000)
        var generator = SystemRandomNumberGenerator()
        numbers.shuffle(using: &generator)
        for number in numbers { objects.update(object(number)) }
        let copy = objects
        for number in numbers.prefix(1000) { objects.remove(object(number).path) }
        func all(_ objects: SortedObjects) -> [Int] {
            var result: [Int] = []
            objects.forEach {
                result.append(Int($0.revision)); return true
            }
            return result
        }
        #expect(all(copy) == Array(0..<2000))
        #expect(all(objects) == numbers.suffix(1000).sorted())
        #expect(objects.count == 1000)
        #expect(objects[object(numbers[1500]).path] != nil)
        #expect(objects[object(numbers[500]).path] == nil)
    }

    @Test(
        "JSONPaths of printer columns",
        arguments: [
            (".spec.size", ["3"]), (".spec.missing", []), (".spec.list[1]", ["b"]), (".spec.list[*]", ["a", "b"]),
            (".status.conditions[?(@.type==\"Ready\")].status", ["True"]), (".metadata.labels['a.b/c']", ["x"]),
            (".metadata.labels.a\\.b/c", ["x"]), (".spec.list[-1]", ["b"]), (".spec.list[0:1]", ["a"]),
            (".spec.list[1:]", ["b"]), (".spec.list[0,1]", ["a", "b"]), (".spec.list[5]", []),
            (".status.conditions[?(@.missing!=\"x\")].type", []),
            (".status.conditions[?(@.status)].type", ["Other", "Ready"]), (".spec..size", ["3"]),
            (".status.conditions[?(@.type<\"P\")].type", ["Other"]),
            (".status.conditions[?(@.type>=\"Ready\")].type", ["Ready"]),
            // As Go prints what is there and says nothing, and numbers from a million on.
            (".spec.none", ["<no value>"]), (".spec.ratio", ["1.2345675e+06"]),
        ] as [(String, [String])]
    )
    func jsonPath(path: String, expected: [String]) throws {
        let document: JSONValue = [
            "spec": ["size": 3, "list": ["a", "b"], "none": .null, "ratio": 1_234_567.5],
            "metadata": ["labels": ["a.b/c": "x"]],
            "status": ["conditions": [["type": "Other", "status": "False"], ["type": "Ready", "status": "True"]]],
        ]
        let parsed = try #require(JSONPath(path))
        #expect(parsed.values(in: document).map(JSONPath.text) == expected)
    }

    @Test("Objects in the binary encoding are read by their fields' numbers")
    func protobuf() throws {
        func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(content.count)] + content
        }
        let metadata = field(1, Array("a".utf8)) + field(8, [])
        let data = field(1, Array("k".utf8)) + field(2, Array("v".utf8))
        let type = field(1, Array("v1".utf8)) + field(2, Array("ConfigMap".utf8))
        let body = Array("k8s\0".utf8) + field(1, type) + field(2, field(1, metadata) + field(2, data))
        let object = try ProtobufDecoder.decode(body)
        #expect(object == ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": "v"]])
        for length in 0..<body.count { _ = try? ProtobufDecoder.decode(Array(body.prefix(length))) }
    }
}
