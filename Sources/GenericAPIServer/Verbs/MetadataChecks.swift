/// Which rules for metadata a kind applies itself, besides those that the server applies to all objects.
package struct MetadataChecks: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The rules for new objects, when one is made.
    package static let created = MetadataChecks(rawValue: 1)
    /// The rules for new objects, when one is changed.
    package static let repeated = MetadataChecks(rawValue: 2)
    /// That nothing fixed is changed.
    package static let changed = MetadataChecks(rawValue: 4)
    /// That finalizers say whose they are.
    package static let finalizers = MetadataChecks(rawValue: 8)

    /// What most built-in kinds do; with their subresources they do less.
    package static func builtIn(subresource: String) -> MetadataChecks {
        subresource.isEmpty ? [.created, .repeated, .changed, .finalizers] : [.changed, .finalizers]
    }
}
