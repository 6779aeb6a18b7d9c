import APIMachinery

/// The form in which the client wants its answer.
struct OutputForm: Sendable, Hashable {
    enum Encoding: Sendable { case json, yaml }
    enum Transform: Sendable, Hashable {
        case none
        case table(version: String)
        case partialMetadata(version: String)
        case partialMetadataList(version: String)
        case groupDiscovery(version: String)
    }

    var encoding: Encoding = .json
    var transform: Transform = .none
    /// Indented for people.
    var isPretty = false

    var contentType: String { encoding == .json ? "application/json" : "application/yaml" }
}

/// Chooses the form from an `Accept` header.
enum Negotiation {
    private struct Clause {
        var type: String
        var parameters: [String: String]
        var quality: Double
    }

    /// The best form that is both acceptable and to be had.
    ///
    /// - Parameter offersDiscovery: whether the path has an aggregated discovery document.
    static func form(accept: String?, query: QueryParameters, offersDiscovery: Bool = false) throws(Status)
        -> OutputForm
    {
        var form = OutputForm()
        form.isPretty = query.flag("pretty")
        guard let accept, !accept.isEmpty else { return form }
        var isTransformRefused = false
        // Swift's sort is stable: of equal quality, the first named is the best.
        for clause in clauses(accept).sorted(by: { $0.quality > $1.quality }) {
            switch clause.type {
            case "application/json", "application/*", "*/*": form.encoding = .json
            case "application/yaml": form.encoding = .yaml
            default: continue
            }
            guard let kind = clause.parameters["as"] else { return form }
            guard let transform = transform(kind, clause.parameters, offersDiscovery: offersDiscovery) else {
                isTransformRefused = true
                continue
            }
            form.transform = transform
            return form
        }
        _ = isTransformRefused
        throw notAcceptable
    }

    static let notAcceptable = Status(
        code: 406,
        reason: .notAcceptable,
        message:
            "only the following media types are accepted: application/json, application/yaml, "
            + "application/vnd.kubernetes.protobuf"
    )

    private static func transform(
        _ kind: String,
        _ parameters: [String: String],
        offersDiscovery: Bool
    ) -> OutputForm.Transform? {
        let version = parameters["v"] ?? ""
        switch (parameters["g"] ?? "", kind) {
        case ("meta.k8s.io", "Table") where ["v1", "v1beta1"].contains(version) && !offersDiscovery:
            return .table(version: version)
        case ("meta.k8s.io", "PartialObjectMetadata") where ["v1", "v1beta1"].contains(version) && !offersDiscovery:
            return .partialMetadata(version: version)
        case ("meta.k8s.io", "PartialObjectMetadataList")
        where ["v1", "v1beta1"].contains(version) && !offersDiscovery:
            return .partialMetadataList(version: version)
        case ("apidiscovery.k8s.io", "APIGroupDiscoveryList")
        where ["v2", "v2beta1"].contains(version) && offersDiscovery:
            return .groupDiscovery(version: version)
        default: return nil
        }
    }

    private static func clauses(_ accept: String) -> [Clause] {
        accept.split(separator: ",").map { text in
            let parts = text.split(separator: ";").map { trimmed($0) }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let sides = part.split(separator: "=", maxSplits: 1)
                if sides.count == 2 { parameters[trimmed(sides[0])] = trimmed(sides[1]) }
            }
            return Clause(
                type: parts.first?.lowercased() ?? "",
                parameters: parameters,
                quality: parameters["q"].flatMap(Double.init) ?? 1
            )
        }
    }

    static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
