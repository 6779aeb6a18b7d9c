import APIMachinery
import HTTPServing

/// The form in which the client wants its answer.
package struct OutputForm: Sendable, Hashable {
    package enum Encoding: Sendable { case json, yaml }
    enum Transform: Sendable, Hashable {
        case none
        case table(version: String)
        case partialMetadata(version: String)
        case partialMetadataList(version: String)
        case groupDiscovery(version: String)
    }

    package var encoding: Encoding = .json
    var transform: Transform = .none
    /// Indented for people.
    var isPretty = false

    /// Whether objects are shown by their metadata or as rows only, not as they are.
    func leavesObjectsOut(_ query: QueryParameters) -> Bool {
        switch transform {
        case .table: query["includeObject"] != "Object"
        case .partialMetadata, .partialMetadataList: true
        case .none, .groupDiscovery: false
        }
    }

    package var contentType: String { encoding == .json ? "application/json" : "application/yaml" }
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
    static func form(
        accept: String?,
        query: QueryParameters,
        userAgent: String? = nil,
        offersDiscovery: Bool = false
    ) throws(Status) -> OutputForm {
        var form = OutputForm()
        form.isPretty = isForPeople(query, userAgent)
        guard let accept, !accept.isEmpty else { return form }
        // Swift's sort is stable: of equal quality, the first named is the best.
        for clause in clauses(accept).sorted(by: { $0.quality > $1.quality }) {
            switch clause.type {
            case "application/json", "application/*", "*/*": form.encoding = .json
            case "application/yaml": form.encoding = .yaml
            default: continue
            }
            let parameters = clause.parameters
            let stream = parameters["stream"] ?? ""
            let version = parameters["sv"] ?? ""
            guard stream.isEmpty || stream == "watch", version.isEmpty || version == "v1" else { continue }
            var found = form
            if parameters["pretty"] == "1" { found.isPretty = true }
            // A group or a version alone asks for another form, too: one that there is not.
            guard ["as", "g", "v"].contains(where: { parameters[$0] != nil }) else { return found }
            let kind = parameters["as"] ?? ""
            guard let transform = transform(kind, parameters, offersDiscovery: offersDiscovery) else { continue }
            found.transform = transform
            return found
        }
        throw notAcceptable
    }

    /// Whether the answer is indented: where it is asked for, and else for programs that people look through.
    private static func isForPeople(_ query: QueryParameters, _ userAgent: String?) -> Bool {
        if let wish = query["pretty"], !wish.isEmpty { return ["1", "t", "T", "TRUE", "true", "True"].contains(wish) }
        return ["curl", "Wget", "Mozilla/5.0"].contains { userAgent?.hasPrefix($0) == true }
    }

    /// Whether an `Accept` header names one of the types, or takes everything. Built-in paths are chosen by that
    /// before the best form is.
    static func names(_ types: [String], in accept: String?) -> Bool {
        guard let accept, !accept.isEmpty else { return true }
        return accept.split(separator: ",", omittingEmptySubsequences: false).contains { part in
            let type = HeaderText.trimmed(part.prefix { $0 != ";" })
            return type == "*/*" || types.contains(type)
        }
    }

    /// The forms of built-in resources and of discovery documents.
    static let builtInTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// The 406 of a path that has no such form.
    static func notOffered(_ types: [String]) -> Status {
        Status(
            code: 406,
            reason: .notAcceptable,
            message: "406: Not Acceptable\n\nAvailable representations: \(types.joined(separator: ", "))",
            details: Status.Details()
        )
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
            let parts = text.split(separator: ";").map { HeaderText.trimmed($0) }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let sides = part.split(separator: "=", maxSplits: 1)
                if sides.count == 2 { parameters[HeaderText.trimmed(sides[0])] = HeaderText.trimmed(sides[1]) }
            }
            return Clause(
                type: parts.first?.lowercased() ?? "",
                parameters: parameters,
                quality: parameters["q"].flatMap(Double.init) ?? 1
            )
        }
    }
}
