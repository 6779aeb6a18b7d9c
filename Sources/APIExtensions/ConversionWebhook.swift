import APIMachinery
import BuiltInTypes
import FoundationEssentials

/// Sends a request to a webhook and returns the body of its answer. The default speaks HTTPS; tests answer themselves.
public typealias WebhookTransport = @Sendable (WebhookCall) async throws -> [UInt8]

/// A request to a webhook.
public struct WebhookCall: Sendable {
    /// Where to, with the time limit as a query parameter, as Kubernetes sends it.
    public var url: String
    /// The certificates, as PEM, one of which must have signed the webhook's; empty for those that the system trusts.
    public var trustedCertificates: [UInt8]
    /// The JSON to send.
    public var body: [UInt8]
    /// How long to wait for the answer.
    public var timeout: Duration
}

/// Converts objects between the versions of a definition by asking a webhook
/// (`apiextensions-apiserver/pkg/apiserver/conversion`).
struct ConversionWebhook: Sendable {
    static let timeout = Duration.seconds(30)

    private let url: String
    /// The Service that would have to answer. There are none here, so it never does.
    private let service: String?
    private let trustedCertificates: [UInt8]
    private let reviewVersion: String
    private let storageVersion: String
    private let transport: WebhookTransport

    /// The webhook that a definition names; `nil` if it needs none.
    init?(_ spec: JSONValue, transport: @escaping WebhookTransport) {
        guard let conversion = spec["conversion"], conversion["strategy"] == "Webhook" else { return nil }
        let config = conversion.value(at: "webhook", "clientConfig") ?? .null
        if let service = config["service"], service.objectValue != nil {
            let (name, namespace) = (service["name"]?.stringValue ?? "", service["namespace"]?.stringValue ?? "")
            let path = (service["path"]?.stringValue ?? "").drop { $0 == "/" }
            self.service = name
            url = "https://\(name).\(namespace).svc:\(service["port"]?.intValue ?? 443)/\(path)"
        } else {
            service = nil
            url = config["url"]?.stringValue ?? ""
        }
        trustedCertificates = config["caBundle"]?.stringValue.flatMap { Base64.decode($0, allowing: .anyForm) } ?? []
        let versions = conversion.value(at: "webhook", "conversionReviewVersions")?.arrayValue ?? []
        reviewVersion = versions.compactMap(\.stringValue).first { $0 == "v1" || $0 == "v1beta1" } ?? "v1"
        storageVersion =
            (spec["versions"]?.arrayValue ?? []).first { $0["storage"] == true }?["name"]?.stringValue ?? ""
        self.transport = transport
    }

    /// What users of the definition should know, if the webhook can never be reached.
    var warning: String? {
        guard let service else { return nil }
        return "spec.conversion.webhook: the service \"\(service)\" cannot be reached, as this server has no Services; "
            + "only version \(storageVersion), in which objects are stored, can be used without conversion. "
            + "Set clientConfig.url to convert to other versions"
    }

    /// The objects in another version. Of their metadata only labels and annotations can change.
    func convert(_ objects: [JSONValue], to apiVersion: String) async throws(Status) -> [JSONValue] {
        guard let first = objects.first(where: { $0["apiVersion"]?.stringValue != apiVersion }) else { return objects }
        let id = UUID().uuidString.lowercased()
        let review: JSONValue = [
            "apiVersion": .string("apiextensions.k8s.io/\(reviewVersion)"), "kind": "ConversionReview",
            "request": [
                "uid": .string(id), "desiredAPIVersion": .string(apiVersion), "objects": .array(objects),
            ],
        ]
        let answer: JSONValue
        do {
            answer = try JSONValue(parsing: try await ask(review.bytes))
        } catch {
            throw failure(first, "\(error)")
        }
        guard let response = answer["response"], response.objectValue != nil else {
            throw failure(first, "the answer has no response")
        }
        guard response["uid"]?.stringValue == id else {
            throw failure(first, "the answer is for another request: expected response.uid=\"\(id)\"")
        }
        guard response.value(at: "result", "status")?.stringValue == "Success" else {
            let message = response.value(at: "result", "message")?.stringValue ?? ""
            throw failure(first, message.isEmpty ? "the webhook refused without a message" : message)
        }
        let converted = response["convertedObjects"]?.arrayValue ?? []
        guard converted.count == objects.count else {
            throw failure(first, "expected \(objects.count) converted objects, got \(converted.count)")
        }
        var result: [JSONValue] = []
        for (old, new) in zip(objects, converted) { result.append(try accepted(new, of: old, apiVersion)) }
        return result
    }

    private func ask(_ body: [UInt8]) async throws -> [UInt8] {
        let separator = url.contains("?") ? "&" : "?"
        let target = "\(url)\(separator)timeout=30s"
        if let service {
            throw WebhookError(
                "Post \"\(target)\": service \"\(service)\" not found; use version \(storageVersion), in which "
                    + "objects are stored, or set clientConfig.url in the definition"
            )
        }
        let call = WebhookCall(
            url: target,
            trustedCertificates: trustedCertificates,
            body: body,
            timeout: Self.timeout
        )
        do {
            return try await transport(call)
        } catch {
            throw WebhookError("Post \"\(target)\": \(error)")
        }
    }

    /// A converted object with the metadata that no webhook may change.
    private func accepted(_ new: JSONValue, of old: JSONValue, _ apiVersion: String) throws(Status) -> JSONValue {
        guard new["apiVersion"]?.stringValue == apiVersion, new["kind"] == old["kind"] else {
            let found = Unstructured(new)
            throw failure(old, "invalid converted object: it is a \(found.kind) of \(found.apiVersion)")
        }
        guard new["metadata"]?.objectValue != nil else {
            throw failure(old, "invalid metadata of converted object: it is missing")
        }
        for field in ["name", "namespace", "uid"] where new["metadata"]?[field] != old["metadata"]?[field] {
            throw failure(old, "invalid metadata of converted object: metadata.\(field) must not change")
        }
        var result = new
        var metadata = old["metadata"] ?? .object([:])
        for field in ["labels", "annotations"] { metadata[field] = new["metadata"]?[field] }
        result["metadata"] = metadata
        return result
    }

    private func failure(_ object: JSONValue, _ reason: String) -> Status {
        let typed = Unstructured(object)
        return .internalError("conversion webhook for \(typed.apiVersion), Kind=\(typed.kind) failed: \(reason)")
    }
}

/// Why a webhook gave no answer.
struct WebhookError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
