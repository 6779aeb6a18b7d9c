import APIMachinery
import Storage

/// Stands for an object of a provider whose document cannot be read, so that it is seen in lists and can be deleted.
///
/// It has what is known without the document: its kind, its name and its revision. An annotation says why there is no
/// more.
enum UnreadableObject {
    static let annotation = "unreadable"

    static func standIn(for stored: StoredObject, of definition: JSONValue, because error: any Error) -> StoredObject {
        let spec = definition["spec"]
        let versions = spec?["versions"]?.arrayValue ?? []
        let version = versions.first { $0["storage"]?.boolValue == true } ?? versions.first
        let parts = stored.path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var metadata: JSONObject = [
            "name": .string(parts.last ?? stored.path), "resourceVersion": .string(String(stored.revision)),
            "annotations": [annotation: .string("the stored document cannot be read: \(error)")],
        ]
        if parts.count == 2 { metadata["namespace"] = .string(parts[0]) }
        let apiVersion = GroupVersion(
            group: spec?["group"]?.stringValue ?? "",
            version: version?["name"]?.stringValue ?? ""
        )
        .apiVersion
        let object: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": spec?.value(at: "names", "kind") ?? "",
            "metadata": .object(metadata),
        ]
        return StoredObject(path: stored.path, revision: stored.revision, bytes: object.bytes)
    }
}
