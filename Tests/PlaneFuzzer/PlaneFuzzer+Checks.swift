import APIMachinery
import TestSupport

/// What must hold after a round of requests.
extension PlaneFuzzer {
    /// Everything that the server's OpenAPI documents say can be created, and the fuzzer's own kind.
    func targets() async throws -> [FuzzTarget] {
        var targets = [FuzzTarget.things]
        for (_, entry) in try await json("/openapi/v3")["paths"]?.objectValue ?? [:] {
            guard let path = entry["serverRelativeURL"]?.stringValue else { continue }
            let document = try await json(path)
            let components = document.value(at: "components", "schemas") ?? .null
            for (path, item) in document["paths"]?.objectValue ?? [:] where !path.contains("{name}") {
                let content = item.value(at: "post", "requestBody", "content")?.objectValue?.values.first
                guard let schema = content?["schema"] else { continue }
                let reference = schema["$ref"]?.stringValue ?? schema["allOf"]?[0]?["$ref"]?.stringValue ?? ""
                let kind = reference.split(separator: ".").last.map(String.init) ?? ""
                // Nodes and Namespaces are the plane's own.
                guard !["Node", "Namespace"].contains(kind) else { continue }
                let collection = path.replacing("{namespace}", with: "default")
                targets.append(
                    FuzzTarget(collection: collection, schema: schema, components: components, kind: kind)
                )
            }
        }
        let known = targets.filter { !$0.examples.isEmpty }.count
        guard targets.count > 12, known > 8 else {
            throw UnexpectedAnswer(description: "the server publishes \(targets.count) kinds only, \(known) known ones")
        }
        return targets.sorted { $0.collection < $1.collection }
    }

    private func json(_ path: String) async throws -> JSONValue {
        let answer = await client.ask([FuzzRequest(port: .api, method: "GET", path: path)]).first
        guard let answer, answer.status == 200 else {
            throw UnexpectedAnswer(description: "GET \(path) answered \(answer?.status ?? 0): \(answer?.text ?? "")")
        }
        return try JSONValue(parsing: answer.body)
    }

    // MARK: Lists

    /// Reads every list in every form, and objects of it one by one.
    func readEverything(_ targets: [FuzzTarget]) async {
        for target in targets {
            guard client.isAlive else { return }
            await readList(target.collection)
        }
        for path in ["/openapi/v2", "/openapi/v3", "/api/v1", "/apis", "/readyz"] { await read(.api, path) }
        for path in ["runs?limit=1000", "queues", "queues/fuzz", "queues/fuzz/deadletters"] {
            await read(.http, "/api/v1/namespaces/default/\(path)")
        }
        await read(.http, "/metrics")
    }

    /// Deletes what requests made, so that planes do not grow for hours; Secrets and accounts are the plane's own, too.
    func deleteEverything(_ targets: [FuzzTarget]) async {
        for target in targets where target.isNamespaced {
            let kind = target.collection.split(separator: "/").last ?? ""
            guard client.isAlive, !["secrets", "serviceaccounts"].contains(kind) else { continue }
            let request = FuzzRequest(port: .api, method: "DELETE", path: target.collection)
            guard let answer = await client.ask([request]).first else { return }
            if ![200, 404, 405].contains(answer.status) { note("a collection cannot be deleted", request, answer) }
        }
    }

    private func readList(_ collection: String) async {
        var list = FuzzRequest(port: .api, method: "GET", path: collection)
        guard let answer = await client.ask([list]).first else { return }
        // Reviews cannot be listed; a kind of the fuzzer's own may not be defined.
        if answer.status == 405 || answer.status == 404 { return }
        guard let items = parse(list, answer)?["items"]?.arrayValue else {
            return note("a list cannot be read", list, answer)
        }
        for form in ["Table", "PartialObjectMetadataList"] {
            list.accept = "application/json;as=\(form);v=v1;g=meta.k8s.io"
            guard let answer = await client.ask([list]).first else { return }
            if parse(list, answer)?["kind"]?.stringValue != form { note("a list cannot be read", list, answer) }
        }
        var page = FuzzRequest(port: .api, method: "GET", path: "\(collection)?limit=7")
        for _ in 0..<5 {
            guard let answer = await client.ask([page]).first else { return }
            // 410: the list changed too much meanwhile.
            if answer.status == 410 { break }
            guard let json = parse(page, answer) else { return note("a page cannot be read", page, answer) }
            guard let token = json.value(at: "metadata", "continue")?.stringValue, !token.isEmpty else { break }
            page.path = "\(collection)?limit=7&continue=\(token.percentEncoded)"
        }
        for item in items.prefix(3) + items.suffix(3) {
            let name = item.value(at: "metadata", "name")?.stringValue ?? ""
            let one = FuzzRequest(port: .api, method: "GET", path: "\(collection)/\(name.percentEncoded)")
            guard let answer = await client.ask([one]).first else { return }
            // 404: a controller has deleted it meanwhile.
            if answer.status != 404, parse(one, answer) == nil {
                note("an object of a list cannot be read", one, answer)
            }
        }
    }

    private func read(_ port: FuzzRequest.Port, _ path: String) async {
        let request = FuzzRequest(port: port, method: "GET", path: path)
        guard let answer = await client.ask([request]).first else { return }
        if answer.status != 200, answer.status != 406 { note("cannot be read", request, answer) }
    }

    private func parse(_ request: FuzzRequest, _ answer: FuzzAnswer) -> JSONValue? {
        guard answer.status == 200 else { return nil }
        do {
            return try JSONValue(parsing: answer.body)
        } catch {
            report.note(FuzzFinding(property: "an answer is no JSON", request: request, detail: "\(error)"))
            return nil
        }
    }

    private func note(_ property: String, _ request: FuzzRequest, _ answer: FuzzAnswer) {
        guard client.isAlive else { return }
        report.note(FuzzFinding(property: property, request: request, detail: "\(answer.status) \(answer.text)"))
    }
}

extension String {
    /// With everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
    fileprivate var percentEncoded: String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
