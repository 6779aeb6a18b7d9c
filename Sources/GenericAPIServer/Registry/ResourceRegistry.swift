package import APIMachinery
import Synchronization

/// What the server serves, by group, version and plural. Changes as CustomResourceDefinitions come and go.
package final class ResourceRegistry: Sendable {
    /// A consistent view, valid for a whole request.
    package struct Contents: Sendable {
        /// Changes with everything else.
        package var generation = 0
        /// The generation in which each version last changed; what is left of versions that are gone does no harm.
        package var changes: [GroupVersion: Int] = [:]
        /// Versions of each group, the preferred one first.
        package var versions: [String: [String]] = [:]
        /// Resources of each version, by plural.
        package var resources: [GroupVersion: [String: ServedResource]] = [:]

        package func resource(_ group: String, _ version: String, _ plural: String) -> ServedResource? {
            resources[GroupVersion(group: group, version: version)]?[plural]
        }

        /// Resources in the form in which their objects are stored, by storage key, where no served version may have it.
        var storageForms: [String: ServedResource] = [:]

        /// A stored resource in its storage version, or in the preferred one if that is not served. What no version
        /// serves any more has objects, too.
        package func stored(group: String, plural: String) -> (ServedResource, any ResourceBackend)? {
            let candidates = (versions[group] ?? []).compactMap { self.resource(group, $0, plural) }
            let served = candidates.first(where: \.isStorageForm) ?? candidates.first
            guard
                let resource = served ?? storageForms[GroupResource(group: group, resource: plural).description],
                case .objects(let backend) = resource.backend
            else { return nil }
            return (resource, backend)
        }

        /// The stored resource of that storage key (`plural.group`).
        package func stored(_ storageKey: String) -> ServedResource? {
            let parts = storageKey.split(separator: ".", maxSplits: 1).map(String.init)
            return stored(group: parts.count > 1 ? parts[1] : "", plural: parts.first ?? "")?.0
        }

        /// Whether the group has kinds that no definition made; unknown paths in it are answered otherwise.
        func isBuiltIn(_ group: String) -> Bool {
            group.isEmpty
                || (versions[group] ?? []).contains { version in
                    (resources[GroupVersion(group: group, version: version)] ?? [:]).values.contains { !$0.isCustom }
                }
        }

        /// The named groups (not the core one), sorted.
        package var groups: [String] { versions.keys.filter { !$0.isEmpty }.sorted() }

        /// The resource of that kind in the group, in the given version or the preferred one.
        package func resource(group: String, kind: String, version: String? = nil) -> ServedResource? {
            for candidate in versions[group] ?? [] where version == nil || candidate == version {
                let resources = resources[GroupVersion(group: group, version: candidate)] ?? [:]
                if let found = resources.values.first(where: { $0.names.kind == kind }) { return found }
            }
            return nil
        }

        /// One entry for every resource with stored objects, whatever its versions.
        package var stored: [ServedResource] {
            var seen: Set<String> = []
            var result: [ServedResource] = []
            for group in versions.keys.sorted() {
                for version in versions[group] ?? [] {
                    for resource in (resources[GroupVersion(group: group, version: version)] ?? [:]).values {
                        guard case .objects = resource.backend, seen.insert(resource.storageKey).inserted else {
                            continue
                        }
                        result.append(resource)
                    }
                }
            }
            return result.sorted { $0.storageKey < $1.storageKey }
        }
    }

    private let state = Mutex(Contents())

    package var contents: Contents { state.withLock { $0 } }

    /// Serves a resource in one version.
    package func add(_ resource: ServedResource) { state.withLock { Self.insert(resource, into: &$0) } }

    /// Replaces every version of a resource at once; an empty list ends its being served.
    ///
    /// - Parameter storageForm: the resource in its storage version, be that served or not; `nil` once nothing is stored.
    package func replace(
        group: String,
        plural: String,
        with served: [ServedResource],
        storageForm: ServedResource? = nil
    ) {
        state.withLock { contents in
            contents.storageForms[GroupResource(group: group, resource: plural).description] = storageForm
            contents.generation += 1
            for version in contents.versions[group] ?? [] {
                let key = GroupVersion(group: group, version: version)
                guard contents.resources[key]?.removeValue(forKey: plural) != nil else { continue }
                contents.changes[key] = contents.generation
            }
            contents.resources = contents.resources.filter { !$1.isEmpty }
            for resource in served { Self.insert(resource, into: &contents) }
            let left = (contents.versions[group] ?? []).filter { version in
                contents.resources[GroupVersion(group: group, version: version)]?.isEmpty == false
            }
            contents.versions[group] = left.isEmpty ? nil : left
        }
    }

    private static func insert(_ resource: ServedResource, into contents: inout Contents) {
        contents.resources[resource.groupVersion, default: [:]][resource.names.plural] = resource
        var versions = contents.versions[resource.group] ?? []
        if !versions.contains(resource.version) { versions.append(resource.version) }
        contents.versions[resource.group] = versions.sorted(by: VersionOrder.precedes)
        contents.generation += 1
        contents.changes[resource.groupVersion] = contents.generation
    }
}

/// The order of API versions: `v10` before `v2` before `v1`, those before `v1beta2`, `v1beta1`, `v1alpha1`, and
/// those before names of any other form, which sort as text.
package enum VersionOrder {
    package static func precedes(_ a: String, _ b: String) -> Bool {
        switch (parse(a), parse(b)) {
        case (let left?, let right?): left.lexicographicallyPrecedes(right, by: >)
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): a < b
        }
    }

    /// Stability (3: none of the others, 2: beta, 1: alpha), major number, number after beta or alpha.
    private static func parse(_ version: String) -> [Int]? {
        guard version.first == "v" else { return nil }
        let rest = version.dropFirst()
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let major = Int(digits) else { return nil }
        let suffix = rest.dropFirst(digits.count)
        if suffix.isEmpty { return [3, major, 0] }
        for (name, rank) in [("alpha", 1), ("beta", 2)] where suffix.hasPrefix(name) {
            guard let minor = Int(suffix.dropFirst(name.count)) else { return nil }
            return [rank, major, minor]
        }
        return nil
    }
}
