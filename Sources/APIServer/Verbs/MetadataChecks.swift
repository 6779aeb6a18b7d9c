/// Which rules for metadata a kind applies itself, besides those that the server applies to all objects.
struct MetadataChecks: OptionSet, Sendable {
    let rawValue: Int

    /// The rules for new objects, when one is made.
    static let created = MetadataChecks(rawValue: 1)
    /// The rules for new objects, when one is changed.
    static let repeated = MetadataChecks(rawValue: 2)
    /// That nothing fixed is changed.
    static let changed = MetadataChecks(rawValue: 4)
    /// That finalizers say whose they are.
    static let finalizers = MetadataChecks(rawValue: 8)

    /// What most built-in kinds do; with their subresources they do less.
    static func builtIn(subresource: String) -> MetadataChecks {
        subresource.isEmpty ? [.created, .repeated, .changed, .finalizers] : [.changed, .finalizers]
    }
}
