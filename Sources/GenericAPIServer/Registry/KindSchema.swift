import APIMachinery
import BuiltInTypes
package import Schema

/// Has the schema of one version of a kind at hand, or makes it when it is asked for.
package protocol KindSchemaSource: Sendable {
    var kind: KindSchema { get }
}

/// What server-side apply and strategic patches must know of a kind.
package struct KindSchema: Sendable {
    /// The type, for field ownership.
    package let type: TypeSchema
    /// The type's name in the catalog of built-in types, for strategic patches.
    package let catalogName: String?

    package init(type: TypeSchema, catalogName: String?) {
        self.type = type
        self.catalogName = catalogName
    }

    /// A built-in kind. The schemas are made once: writing out a Pod's type takes a while.
    package static func builtIn(_ name: String) -> KindSchema {
        table[name] ?? KindSchema(type: .deduced, catalogName: name)
    }

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
