package import APIMachinery
import BuiltInTypes

/// A strategy of a kind that is built in: its documents are read as types of the catalog.
package protocol BuiltInStrategy: ResourceStrategy {
    /// The type's name in the catalog.
    var typeName: String { get }

    /// Fills in what the API server fills in besides the catalog's defaults.
    func fillDefaults(_ object: inout JSONValue)
}

extension BuiltInStrategy {
    package func fillDefaults(_ object: inout JSONValue) {}

    package func metadataChecks(subresource: String) -> MetadataChecks { .builtIn(subresource: subresource) }

    package func decode(_ object: inout JSONValue) throws(Status) -> [String] {
        let kind = object["kind"]?.stringValue ?? typeName
        let version = object["apiVersion"]?.stringValue ?? "v1"
        var decoder = TypedDecoder()
        do throws(TypedDecoder.Failure) {
            object = try decoder.decode(object, as: typeName)
        } catch {
            throw .badRequest(
                "\(kind) in version \"\(version.split(separator: "/").last ?? "")\" cannot be handled as a "
                    + "\(kind): \(error.message)"
            )
        }
        fillDefaults(&object)
        return decoder.unknown
    }

    package var schema: KindSchema { KindSchema.builtIn(typeName) }
}
