import APIMachinery
import Schema

/// What server-side apply and strategic patches must know of a kind.
struct KindSchema: Sendable {
    /// The type, for field ownership.
    let type: TypeSchema
    /// The type's name in the catalog of built-in types, for strategic patches.
    let catalogName: String?

    static func custom(_ schema: CustomResourceSchema) -> KindSchema {
        KindSchema(type: TypeSchema(schema.structural), catalogName: nil)
    }

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
