import APIMachinery

/// Tells a zero of the autoscaler, which ends by itself, from one of a person, which holds.
///
/// The autoscaler marks the pool with an annotation when it writes 0. The mark is worth nothing once the size was
/// another, or if somebody else has set the size since, which the server keeps in `metadata.managedFields`: a person
/// who sets 1 and then 0 between two looks is noticed, too.
enum SleepMark {
    /// `true` while there are no runners because the autoscaler wanted it so.
    static let annotation = "martinet.dev/scaled-to-zero"

    /// Whether the pool has no runners because its autoscaler wanted it so.
    static func isAsleep(_ pool: Unstructured) -> Bool {
        let replicas = pool.json.value(at: "spec", "replicas")?.intValue
        // A size that nobody has set yet is the autoscaler's to choose.
        guard let replicas else { return true }
        return replicas == 0 && pool.annotations[annotation] == "true" && !isSetByOthers(pool)
    }

    /// Whether the pool carries a mark that no longer holds.
    static func isStale(_ pool: Unstructured) -> Bool { pool.annotations[annotation] != nil && !isAsleep(pool) }

    private static func isSetByOthers(_ pool: Unstructured) -> Bool {
        let entries = pool.metadata("managedFields")?.arrayValue ?? []
        return entries.contains { entry in
            entry.value(at: "fieldsV1", "f:spec", "f:replicas") != nil
                && entry["manager"]?.stringValue != WorkerPoolReconciler.fieldManager
        }
    }
}
