package import APIMachinery

/// What the server must know of a kind to take its objects in: all that Kubernetes' "strategies" do.
///
/// The generic part of the server looks after metadata; a strategy looks after the rest of the object.
package protocol ResourceStrategy: Sendable {
    /// Field paths that field selectors may name besides name and namespace.
    var selectableFields: Set<String> { get }

    /// The values of those fields.
    func fieldValues(_ object: JSONValue) -> [String: String]

    /// The text of the 400 for a field that cannot be selected by.
    func unknownFieldMessage(_ field: String) -> String

    /// Whether objects count their generations.
    var hasGeneration: Bool { get }

    /// Whether a PUT of a missing object creates it.
    var allowsCreateOnUpdate: Bool { get }

    /// Whether a PUT without `resourceVersion` overwrites whatever is there.
    var allowsUnconditionalUpdate: Bool { get }

    /// Whether a deletion answers the object instead of a Status.
    var returnsDeletedObject: Bool { get }

    /// Reads a document as this kind: drops unknown fields, refuses wrong types, brings values to their
    /// canonical form and fills in defaults.
    ///
    /// - Returns: the paths of the unknown fields that were dropped.
    func decode(_ object: inout JSONValue) throws(Status) -> [String]

    /// Brings a stored object to the form of this version.
    func fromStorage(_ object: inout JSONValue)

    /// Brings an object of this version to the form in which it is stored.
    func toStorage(_ object: inout JSONValue)

    /// Refuses a write that the user may not make because of what is in the object; `old` is `nil` for a new object.
    /// It comes before validation.
    func authorizeWrite(_ object: JSONValue, old: JSONValue?, _ context: RequestContext) throws(Status)

    /// Clears what a creator may not set and computes what the server knows.
    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext)

    /// Clears what an update may not change. `subresource` is empty for the object itself.
    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String)

    /// Sets what follows from other fields, before validation and on every write.
    func canonicalize(_ object: inout JSONValue)

    /// The group that errors about objects name, if not the resource's own.
    var invalidGroup: String? { get }

    /// What is wrong with a new object, beyond its metadata.
    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError]

    /// What is wrong with a changed object, beyond its metadata.
    func validateUpdate(_ object: JSONValue, old: JSONValue, subresource: String, _ context: RequestContext)
        -> [FieldError]

    /// What clients are warned of when they make an object.
    func warnings(ofNew object: JSONValue) -> [String]

    /// Which rules for metadata the kind applies itself to an object, or to a subresource of one.
    func metadataChecks(subresource: String) -> MetadataChecks

    /// What is wrong with the name; `isPrefix` for `generateName`.
    func nameErrors(_ name: String, isPrefix: Bool) -> [String]

    /// How long a deletion waits for somebody to stop what the object stands for; `nil` if it does not wait.
    func gracePeriod(_ object: JSONValue, requested: Int64?) -> Int64?

    /// Whether deletions may wait at all, so that every deletion is marked first.
    var isGraceful: Bool { get }

    /// Whether the object may be deleted at all; throws if not.
    func checkDeletion(_ object: JSONValue) throws(Status)

    /// What other than finalizers keeps an object that is being deleted, as a namespace's contents do.
    func isKept(_ object: JSONValue) -> Bool

    /// A finalizer that every object gets when it is to be deleted.
    var deletionFinalizer: String? { get }

    /// Notes in an object that it is being deleted, where a kind says so in its status.
    func markForDeletion(_ object: inout JSONValue)

    /// Cells of the kind's own columns, where columns are not given by paths.
    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]?

    /// Does what must have happened before a write of an object of that name is answered.
    func didWrite(_ name: String) async

    /// The `openAPIV3Schema` that OpenAPI documents publish, for kinds that are not in the catalog of built-in types.
    var publishedSchema: JSONValue? { get throws(Status) }

    /// The selectable fields that OpenAPI documents publish, in their order.
    var publishedFields: [String] { get }

    /// The schema for patches by merge keys and for field ownership.
    var schema: KindSchema { get }
}

extension ResourceStrategy {
    package var selectableFields: Set<String> { [] }
    package func fieldValues(_ object: JSONValue) -> [String: String] { [:] }
    package func unknownFieldMessage(_ field: String) -> String {
        // Kinds with selectable fields of their own word it differently.
        selectableFields.isEmpty
            ? "\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            : "field label not supported: \(field)"
    }
    package var hasGeneration: Bool { false }
    package var allowsCreateOnUpdate: Bool { false }
    package var allowsUnconditionalUpdate: Bool { true }
    package var returnsDeletedObject: Bool { false }
    package func fromStorage(_ object: inout JSONValue) {}
    package func toStorage(_ object: inout JSONValue) {}
    package func authorizeWrite(_ object: JSONValue, old: JSONValue?, _ context: RequestContext) throws(Status) {}
    package func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {}
    package func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {}
    package func canonicalize(_ object: inout JSONValue) {}
    package var invalidGroup: String? { nil }
    package func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] { [] }
    package func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] { [] }
    package func warnings(ofNew object: JSONValue) -> [String] { [] }
    package func metadataChecks(subresource: String) -> MetadataChecks { [.created, .changed] }
    package func nameErrors(_ name: String, isPrefix: Bool) -> [String] {
        Validation.dns1123Subdomain(isPrefix ? Self.maskTrailingDash(name) : name)
    }
    package func gracePeriod(_ object: JSONValue, requested: Int64?) -> Int64? { nil }
    package var isGraceful: Bool { false }
    package func checkDeletion(_ object: JSONValue) throws(Status) {}
    package func isKept(_ object: JSONValue) -> Bool { false }
    package var deletionFinalizer: String? { nil }
    package func markForDeletion(_ object: inout JSONValue) {}
    package func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? { nil }
    package func didWrite(_ name: String) async {}
    package var publishedSchema: JSONValue? { get throws(Status) { nil } }
    package var publishedFields: [String] { [] }

    /// A prefix may end in a dash, as something will follow.
    package static func maskTrailingDash(_ name: String) -> String {
        name.utf8.count > 1 && name.hasSuffix("-") ? String(name.dropLast()) + "a" : name
    }
}
