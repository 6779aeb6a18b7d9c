import APIMachinery
import Schema

/// Has the schema of one version of a kind at hand, or makes it when it is asked for.
protocol KindSchemaSource: Sendable {
    var kind: KindSchema { get }
}

/// What server-side apply and strategic patches must know of a kind.
struct KindSchema: Sendable {
    /// The type, for field ownership.
    let type: TypeSchema
    /// The type's name in the catalog of built-in types, for strategic patches.
    let catalogName: String?

    /// A built-in kind. The schemas are made once: writing out a Pod's type takes a while.
    static func builtIn(_ name: String) -> KindSchema { table[name] ?? KindSchema(type: .deduced, catalogName: name) }

    private static let table: [String: KindSchema] = {
        var table: [String: KindSchema] = [:]
        for name in [
            "ConfigMap", "Secret", "Namespace", "ServiceAccount", "Node", "Event", "EventsEvent", "Pod", "Lease",
            "ControllerRevision", "CustomResourceDefinition", "Scale", "PodDisruptionBudget",
            "HorizontalPodAutoscaler", "V1HorizontalPodAutoscaler",
        ] {
            let structural = StructuralSchema(TypeCatalog.builtIn.schema(of: name))
            table[name] = KindSchema(type: TypeSchema(structural), catalogName: name)
        }
        return table
    }()
}
