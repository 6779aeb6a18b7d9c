import APIMachinery

/// What may not be changed in a Pod: nearly everything, once it is made.
enum PodUpdateValidation {
    static func errors(_ pod: JSONValue, old: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        let new = pod["spec"] ?? .null
        let before = old["spec"] ?? .null
        var errors = PodValidation.specErrors(new)
        var expected = before
        for field in ["containers", "initContainers"] {
            let was = before.list(field)
            let containers = new.list(field)
            guard was.count == containers.count else {
                errors.append(.forbidden(path.child(field), "pod updates may not add or remove containers"))
                return errors
            }
            guard !containers.isEmpty else { continue }
            expected[field] = .array(
                zip(was, containers).map { old, new in
                    var merged = old
                    merged["image"] = new["image"]
                    return merged
                }
            )
        }
        if let stop = deadline(new["activeDeadlineSeconds"], was: before["activeDeadlineSeconds"], at: path) {
            return errors + stop
        }
        errors += tolerations(new.list("tolerations"), was: before.list("tolerations"), at: path.child("tolerations"))
        errors += schedulingGates(new, old: before, at: path.child("schedulingGates"))
        for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] { expected[field] = new[field] }
        if new["terminationGracePeriodSeconds"] == 1, (before["terminationGracePeriodSeconds"]?.intValue ?? 0) < 0 {
            expected["terminationGracePeriodSeconds"] = 1
        }
        // As long as a gate holds the Pod back, where it may run can be narrowed.
        if !before.list("schedulingGates").isEmpty {
            for field in ["nodeSelector", "affinity"] { expected[field] = new[field] }
        }
        guard new != expected else { return errors }
        errors.append(
            .forbidden(
                path,
                "pod updates may not change fields other than "
                    + "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
            )
        )
        return errors
    }

    /// A deadline may be set and brought forward, but neither put off nor taken away. `nil` if it is in order.
    private static func deadline(_ new: JSONValue?, was: JSONValue?, at path: FieldPath) -> [FieldError]? {
        let at = path.child("activeDeadlineSeconds")
        guard let seconds = new?.intValue else {
            return was == nil ? nil : [.invalid(at, .null, "must not update from a positive integer to nil value")]
        }
        guard (0...Int64(Int32.max)).contains(seconds) else {
            return [.invalid(at, .int(seconds), "must be between 0 and 2147483647, inclusive")]
        }
        guard let before = was?.intValue, before < seconds else { return nil }
        return [.invalid(at, .int(seconds), "must be less than or equal to previous value")]
    }

    private static func tolerations(_ new: [JSONValue], was old: [JSONValue], at path: FieldPath) -> [FieldError] {
        for each in old {
            let isKept = new.contains { candidate in
                var expected = each
                expected["tolerationSeconds"] = candidate["tolerationSeconds"]
                return candidate == expected
            }
            guard isKept else {
                return [.forbidden(path, "existing toleration can not be modified except its tolerationSeconds")]
            }
        }
        return []
    }

    private static func schedulingGates(_ new: JSONValue, old: JSONValue, at path: FieldPath) -> [FieldError] {
        let known = Set(old.list("schedulingGates").map { $0.text("name") })
        return new.list("schedulingGates").enumerated().compactMap { index, gate -> FieldError? in
            let name = gate.text("name")
            guard !known.contains(name) else { return nil }
            return .forbidden(
                path.index(index).child("name"),
                "only deletion is allowed, but found new scheduling gate '\(name)'"
            )
        }
    }
}
