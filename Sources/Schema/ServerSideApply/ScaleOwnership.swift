public import APIMachinery

/// Who owns the number of replicas, in terms of an object and in terms of its scale
/// (`k8s.io/apimachinery/pkg/util/managedfields`, `ScaleHandler`).
public struct ScaleOwnership: Sendable {
    private static let scaleVersion = "autoscaling/v1"
    private static let replicasInScale: FieldSet.Path = [.field("spec"), .field("replicas")]

    private let apiVersion: String
    private let paths: [String: [String]?]
    private let managed: ManagedFields

    /// - Parameters:
    ///   - apiVersion: the version in which the request is about the object.
    ///   - paths: where the number of replicas is, by `apiVersion`; `nil` in versions without a scale.
    ///   - entries: the object's `metadata.managedFields`; what cannot be read is forgotten.
    public init(apiVersion: String, paths: [String: [String]?], entries: JSONValue?) {
        self.apiVersion = apiVersion
        self.paths = paths
        // As the reference, which begins anew where managed fields cannot be read.
        managed = (try? ManagedFields(json: entries)) ?? ManagedFields()
    }

    private func path(_ apiVersion: String) -> FieldSet.Path? {
        (paths[apiVersion] ?? nil).map { $0.map(FieldSet.Element.field) }
    }

    /// The `managedFields` of the scale; `nil` if the number has no owner.
    public var ofScale: JSONValue? {
        var result = ManagedFields()
        for (manager, entry) in managed.entries {
            guard let path = path(entry.apiVersion), entry.fields.contains(path) else { continue }
            result.entries[manager] = ManagedFields.Entry(
                fields: FieldSet([Self.replicasInScale]),
                apiVersion: Self.scaleVersion,
                time: entry.time
            )
        }
        return result.json
    }

    /// The object's `managedFields` after a write to the scale.
    ///
    /// As in the reference, a manager that wrote by update is known in the scale by its version and so is not found among the
    /// object's managers: the number moves to an entry without a time, even if nothing changed.
    public func ofObject(_ scaleEntries: JSONValue?) -> JSONValue? {
        // As above.
        var scale = ((try? ManagedFields(json: scaleEntries)) ?? ManagedFields()).entries
        var result = ManagedFields()
        for (manager, entry) in managed.entries {
            // Entries of versions that are no longer served are forgotten.
            guard let known = paths[entry.apiVersion] else { continue }
            guard let path = known.map({ $0.map(FieldSet.Element.field) }), entry.fields.contains(path) else {
                result.entries[manager] = entry
                continue
            }
            if scale.removeValue(forKey: manager) != nil {
                result.entries[manager] = entry
                continue
            }
            var rest = entry
            rest.fields = entry.fields.subtracting(FieldSet([path]))
            if !rest.fields.isEmpty { result.entries[manager] = rest }
        }
        guard let own = path(apiVersion) else { return result.json }
        for (manager, entry) in scale where entry.fields.contains(Self.replicasInScale) {
            result.entries[manager] = ManagedFields.Entry(
                fields: FieldSet([own]),
                apiVersion: apiVersion,
                time: managed.entries[manager]?.time
            )
        }
        return result.json
    }
}
