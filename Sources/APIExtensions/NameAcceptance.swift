import APIMachinery

/// Which of a definition's names it gets: each name of a group belongs to one definition, whoever had it first.
///
/// As `naming_controller.go` of the apiextensions API server decides it.
struct NameAcceptance: Sendable, Equatable {
    /// The names that the definition has after this, for its status.
    var names: JSONValue
    /// Why not all names were accepted; `nil` if they were.
    var conflict: Conflict?

    struct Conflict: Sendable, Equatable {
        var reason: String
        var message: String
    }

    /// - Parameters:
    ///   - requested: the names in the definition's spec.
    ///   - accepted: the names that it has already.
    ///   - others: the names that definitions of the group have, this one among them.
    init(requested: JSONValue, accepted: JSONValue, others: [JSONValue]) {
        var resources: Set<String> = []
        var kinds: Set<String> = []
        for names in others {
            resources.formUnion(CustomResourceFactory.resourceNames(names))
            kinds.formUnion(["kind", "listKind"].compactMap { names[$0]?.stringValue })
        }
        names = accepted
        // Both are always told, even while there is nothing to tell.
        for field in ["plural", "kind"] where names[field] == nil { names[field] = "" }
        var conflict: Conflict?
        func take(_ field: String, _ reason: String, from taken: Set<String>) {
            let name = requested[field]?.stringValue ?? ""
            if name != accepted[field]?.stringValue ?? "", taken.contains(name) {
                conflict = Conflict(reason: reason, message: Self.inUse(name))
            } else {
                names[field] = requested[field]
            }
        }
        take("plural", "PluralConflict", from: resources)
        take("singular", "SingularConflict", from: resources)
        let own = accepted["shortNames"]?.arrayValue ?? []
        let short = requested["shortNames"]?.arrayValue ?? []
        let refused = short.filter { !own.contains($0) && resources.contains($0.stringValue ?? "") }
        if short != own {
            if refused.isEmpty {
                names["shortNames"] = short.isEmpty ? nil : .array(short)
            } else {
                var messages: [String] = []
                for text in refused.map({ Self.inUse($0.stringValue ?? "") }) where !messages.contains(text) {
                    messages.append(text)
                }
                let all = messages.count == 1 ? messages[0] : "[\(messages.joined(separator: ", "))]"
                conflict = Conflict(reason: "ShortNamesConflict", message: all)
            }
        }
        take("kind", "KindConflict", from: kinds)
        take("listKind", "ListKindConflict", from: kinds)
        names["categories"] = requested["categories"]
        self.conflict = conflict
    }

    private static func inUse(_ name: String) -> String { "\(JSONValue.string(name).text) is already in use" }
}
