import APIMachinery
import BuiltInTypes
import GenericAPIServer

/// ConfigMaps.
struct ConfigMapStrategy: BuiltInStrategy {
    var typeName: String { "ConfigMap" }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        var errors: [FieldError] = []
        let data = object["data"]?.objectValue ?? [:]
        let binary = object["binaryData"]?.objectValue ?? [:]
        var size = 0
        for (key, value) in data {
            errors += Validation.configMapKey(key).map { .invalid(FieldPath("data").key(key), .string(key), $0) }
            if binary[key] != nil {
                errors.append(
                    .invalid(FieldPath("data").key(key), .string(key), "duplicate of key present in binaryData")
                )
            }
            size += value.stringValue?.utf8.count ?? 0
        }
        for (key, value) in binary {
            errors += Validation.configMapKey(key).map { .invalid(FieldPath("binaryData").key(key), .string(key), $0) }
            size += Base64.decodedCount(value.stringValue ?? "")
        }
        if size > 1 << 20 { errors.append(.tooLong(FieldPath.root.key(""), maximum: 1 << 20)) }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        Immutability.errors(object, old, fields: ["data", "binaryData"]) + validate(object, context)
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        let count = (object["data"]?.objectValue?.count ?? 0) + (object["binaryData"]?.objectValue?.count ?? 0)
        return [.int(Int64(count)), Cells.age(object, now)]
    }
}

/// The rule of ConfigMaps and Secrets that say `immutable: true`.
enum Immutability {
    static func errors(_ object: JSONValue, _ old: JSONValue, fields: [String]) -> [FieldError] {
        guard old["immutable"]?.boolValue == true else { return [] }
        let detail = "field is immutable when `immutable` is set"
        var errors: [FieldError] = []
        if object["immutable"]?.boolValue != true { errors.append(.forbidden(FieldPath("immutable"), detail)) }
        for field in fields where object[field] != old[field] { errors.append(.forbidden(FieldPath(field), detail)) }
        return errors
    }
}

/// Secrets.
struct SecretStrategy: BuiltInStrategy {
    var typeName: String { "Secret" }
    var selectableFields: Set<String> { ["type"] }

    func fieldValues(_ object: JSONValue) -> [String: String] { ["type": object["type"]?.stringValue ?? ""] }

    func fillDefaults(_ object: inout JSONValue) {
        if object["type"] == nil { object["type"] = "Opaque" }
        // What is written as text is kept as bytes, like everything else in a Secret.
        for (key, value) in object["stringData"]?.objectValue ?? [:] {
            object.set(.string(Base64.encode(Array((value.stringValue ?? "").utf8))), at: ["data", key])
        }
        object["stringData"] = nil
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        let data = object["data"]?.objectValue ?? [:]
        let path = FieldPath("data")
        var errors: [FieldError] = []
        var size = 0
        for (key, value) in data {
            errors += Validation.configMapKey(key).map { .invalid(path.key(key), .string(key), $0) }
            size += Base64.decodedCount(value.stringValue ?? "")
        }
        if size > 1 << 20 { errors.append(.tooLong(path, maximum: 1 << 20)) }
        func require(_ keys: [String]) {
            for key in keys where data[key] == nil { errors.append(.required(path.key(key))) }
        }
        switch object["type"]?.stringValue ?? "" {
        case "kubernetes.io/tls": require(["tls.crt", "tls.key"])
        case "kubernetes.io/ssh-auth": require(["ssh-privatekey"])
        case "kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson":
            let key = object["type"] == "kubernetes.io/dockercfg" ? ".dockercfg" : ".dockerconfigjson"
            require([key])
            if let text = data[key]?.stringValue,
                // What cannot be read is the error that is reported here.
                (try? JSONValue(parsing: Base64.decode(text, allowing: .anyForm) ?? [])) == nil
            {
                let path = FieldPath("data").key(key)
                errors.append(.invalid(path, "<secret contents redacted>", "is not a JSON document"))
            }
        case "kubernetes.io/basic-auth":
            if data["username"] == nil && data["password"] == nil { require(["username", "password"]) }
        case "kubernetes.io/service-account-token":
            if object.value(at: ["metadata", "annotations", "kubernetes.io/service-account.name"]) == nil {
                errors.append(
                    .required(FieldPath("metadata").child("annotations").key("kubernetes.io/service-account.name"))
                )
            }
        default: break
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        var errors = Immutability.errors(object, old, fields: ["data"])
        if object["type"] != old["type"] {
            errors.append(.invalid(FieldPath("type"), object["type"] ?? "", "field is immutable"))
        }
        return errors + validate(object, context)
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object["type"] ?? "", .int(Int64(object["data"]?.objectValue?.count ?? 0)), Cells.age(object, now)]
    }
}

/// ServiceAccounts.
struct ServiceAccountStrategy: BuiltInStrategy {
    var typeName: String { "ServiceAccount" }
    var returnsDeletedObject: Bool { true }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? { [Cells.age(object, now)] }
}

/// Namespaces. A namespace goes when everything in it is gone.
struct NamespaceStrategy: BuiltInStrategy {
    var typeName: String { "Namespace" }
    var selectableFields: Set<String> { ["status.phase", "name"] }
    var returnsDeletedObject: Bool { true }

    func fieldValues(_ object: JSONValue) -> [String: String] {
        [
            "status.phase": object.value(at: "status", "phase")?.stringValue ?? "",
            "name": Unstructured(object).name,
        ]
    }

    func nameErrors(_ name: String, isPrefix: Bool) -> [String] {
        Validation.dns1123Label(isPrefix ? Self.maskTrailingDash(name) : name)
    }

    func fillDefaults(_ object: inout JSONValue) {
        if object["spec"] == nil { object["spec"] = .object([:]) }
        if object["status"] == nil { object["status"] = .object([:]) }
        if (object.value(at: "status", "phase")?.stringValue ?? "").isEmpty {
            object.set("Active", at: ["status", "phase"])
        }
    }

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        object["status"] = ["phase": "Active"]
        var finalizers = object.value(at: "spec", "finalizers")?.arrayValue ?? []
        if !finalizers.contains("kubernetes") { finalizers.append("kubernetes") }
        object.set(.array(finalizers), at: ["spec", "finalizers"])
    }

    /// Every namespace carries its name as a label.
    func canonicalize(_ object: inout JSONValue) {
        let name = Unstructured(object).name
        object.set(.string(name), at: ["metadata", "labels", "kubernetes.io/metadata.name"])
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        switch subresource {
        case "status":
            object["spec"] = old["spec"]
        case "finalize":
            object["status"] = old["status"]
        default:
            object["spec"] = old["spec"]
            object["status"] = old["status"]
        }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        finalizers(object).flatMap { finalizerErrors($0, FieldPath("spec").child("finalizers")) }
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        switch subresource {
        case "finalize":
            let path = FieldPath("spec").child("finalizers")
            return finalizers(object).enumerated().flatMap { finalizerErrors($1, path.index($0)) }
        case "status":
            let isGoing = object["metadata"]?["deletionTimestamp"]?.stringValue != nil
            let phase = object.value(at: "status", "phase") ?? ""
            let expected = isGoing ? "Terminating" : "Active"
            guard phase.stringValue != expected else { return [] }
            let detail = "may only be '\(expected)' if `deletionTimestamp` is \(isGoing ? "not " : "")empty"
            return [.invalid(FieldPath("status").child("Phase"), phase, detail)]
        default: return []
        }
    }

    private func finalizers(_ object: JSONValue) -> [String] {
        (object.value(at: "spec", "finalizers")?.arrayValue ?? []).map { $0.stringValue ?? "" }
    }

    private func finalizerErrors(_ finalizer: String, _ path: FieldPath) -> [FieldError] {
        var errors = Validation.finalizer(finalizer, at: path)
        if let error = MetadataRules.unqualified(finalizer, at: path) { errors.append(error) }
        return errors
    }

    func checkDeletion(_ object: JSONValue) throws(Status) {
        let name = Unstructured(object).name
        guard !["default", "kube-system", "kube-public"].contains(name) else {
            throw .forbidden(
                GroupResource(group: "", resource: "namespaces"),
                name: name,
                "this namespace may not be deleted"
            )
        }
    }

    func isKept(_ object: JSONValue) -> Bool { object.value(at: "spec", "finalizers")?.arrayValue?.isEmpty == false }

    func markForDeletion(_ object: inout JSONValue) {
        object.set("Terminating", at: ["status", "phase"])
        // Namespaces have no grace period, not even one of zero.
        object.set(nil, at: ["metadata", "deletionGracePeriodSeconds"])
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object.value(at: "status", "phase") ?? "", Cells.age(object, now)]
    }
}

/// ControllerRevisions: immutable data with a number.
struct ControllerRevisionStrategy: BuiltInStrategy {
    var typeName: String { "ControllerRevision" }

    func fillDefaults(_ object: inout JSONValue) { if object["revision"] == nil { object["revision"] = 0 } }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        var errors: [FieldError] = []
        switch object["data"] {
        case nil, .null?: errors.append(.required(FieldPath("data"), "data is mandatory"))
        case .object?: break
        case let other?: errors.append(.invalid(FieldPath("data"), other, "data must be a valid JSON object"))
        }
        let revision = object["revision"]?.intValue ?? 0
        if revision < 0 {
            errors.append(.invalid(FieldPath("revision"), .int(revision), "must be greater than or equal to 0"))
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        var errors = validate(object, context)
        if object["data"] != old["data"] {
            errors.append(.invalid(FieldPath("data"), object["data"] ?? .null, "field is immutable"))
        }
        return errors
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        let owner = Unstructured(object).ownerReferences.first { $0.controller == true }
        let controller = owner.map { owner in
            let group = GroupVersion(apiVersion: owner.apiVersion)?.group ?? ""
            return "\(owner.kind.lowercased())\(group.isEmpty ? "" : ".\(group)")/\(owner.name)"
        }
        return [.string(controller ?? "<none>"), object["revision"] ?? 0, Cells.age(object, now)]
    }
}

/// Leases.
struct LeaseStrategy: BuiltInStrategy {
    var typeName: String { "Lease" }
    func metadataChecks(subresource: String) -> MetadataChecks { [.created, .changed] }
    var allowsCreateOnUpdate: Bool { true }
    var allowsUnconditionalUpdate: Bool { false }

    func fillDefaults(_ object: inout JSONValue) { if object["spec"] == nil { object["spec"] = .object([:]) } }

    /// Fields that are known and dropped: nobody coordinates who leads here, as by default nobody does there.
    private static let coordination = ["strategy", "preferredHolder"]

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        for field in Self.coordination { object.set(nil, at: ["spec", field]) }
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        for field in Self.coordination where old.value(at: "spec", field) == nil {
            object.set(nil, at: ["spec", field])
        }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        let spec = FieldPath("spec")
        var errors: [FieldError] = []
        if let seconds = object.value(at: "spec", "leaseDurationSeconds")?.intValue, seconds <= 0 {
            errors.append(.invalid(spec.child("leaseDurationSeconds"), .int(seconds), "must be greater than 0"))
        }
        if let count = object.value(at: "spec", "leaseTransitions")?.intValue, count < 0 {
            errors.append(
                .invalid(spec.child("leaseTransitions"), .int(count), "must be greater than or equal to 0")
            )
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] { validate(object, context) }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        [object.value(at: "spec", "holderIdentity") ?? "", Cells.age(object, now)]
    }
}

/// Cells that many tables have.
enum Cells {
    static func age(_ object: JSONValue, _ now: Timestamp) -> JSONValue {
        .string(TableWriter.age(object.value(at: "metadata", "creationTimestamp")?.stringValue, now: now))
    }
}
