import APIMachinery

/// What is wrong with the volumes of a Pod.
enum VolumeValidation {
    private static let sources = [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
        "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
        "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
        "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
    ]

    private static let hostPathTypes = [
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
    ]

    /// The sound volumes by name, and what is wrong with the others: those cannot be mounted either.
    static func volumes(_ volumes: [JSONValue], at path: FieldPath) -> (sound: [String: JSONValue], [FieldError]) {
        var sound: [String: JSONValue] = [:]
        var errors: [FieldError] = []
        for (index, volume) in volumes.enumerated() {
            let at = path.index(index)
            let name = volume.text("name")
            var own = source(volume, at: at)
            if name.isEmpty {
                own.append(.required(at.child("name")))
            } else {
                own += Validation.dns1123Label(name).map { .invalid(at.child("name"), .string(name), $0) }
            }
            if sound[name] != nil { own.append(.duplicate(at.child("name"), .string(name))) }
            if own.isEmpty { sound[name] = volume }
            errors += own
        }
        return (sound, errors)
    }

    private static func source(_ volume: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var hasOne = false
        for kind in sources {
            guard let source = volume[kind] else { continue }
            let at = path.child(kind)
            guard !hasOne else {
                errors.append(.forbidden(at, "may not specify more than 1 volume type"))
                continue
            }
            hasOne = true
            errors += self.source(source, kind: kind, at: at)
        }
        if !hasOne { errors.append(.required(path, "must specify a volume type")) }
        return errors
    }

    private static func source(_ source: JSONValue, kind: String, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        switch kind {
        case "emptyDir":
            // The decoder has refused what is no quantity.
            let limit = source["sizeLimit"]?.stringValue.flatMap { try? Quantity(parsing: $0) }
            if limit?.isNegative == true {
                let problem = "SizeLimit field must be a valid resource quantity"
                errors.append(.forbidden(path.child("sizeLimit"), problem))
            }
        case "hostPath":
            let place = source.text("path")
            guard !place.isEmpty else { return [.required(path.child("path"))] }
            errors += noBacksteps(place, at: path.child("path"))
            errors += PodValidation.choice(source["type"], hostPathTypes, at: path.child("type"))
        case "secret", "configMap":
            let field = kind == "secret" ? "secretName" : "name"
            if source.text(field).isEmpty { errors.append(.required(path.child(field))) }
            errors += mode(source["defaultMode"], at: path.child("defaultMode"))
            errors += items(source, at: path)
        case "downwardAPI":
            errors += mode(source["defaultMode"], at: path.child("defaultMode"))
            errors += downward(source, at: path)
        case "persistentVolumeClaim":
            if source.text("claimName").isEmpty { errors.append(.required(path.child("claimName"))) }
        case "projected":
            errors += mode(source["defaultMode"], at: path.child("defaultMode"))
            errors += projected(source.list("sources"), at: path.child("sources"))
        case "nfs":
            for field in ["server", "path"] where source.text(field).isEmpty {
                errors.append(.required(path.child(field)))
            }
            if !source.text("path").isEmpty, !source.text("path").hasPrefix("/") {
                errors.append(.invalid(path.child("path"), source["path"] ?? .null, "must be an absolute path"))
            }
        case "csi":
            if source.text("driver").isEmpty { errors.append(.required(path.child("driver"))) }
        default: break
        }
        return errors
    }

    private static func items(_ source: JSONValue, at path: FieldPath) -> [FieldError] {
        source.list("items").enumerated().flatMap { index, item -> [FieldError] in
            let at = path.child("items").index(index)
            var errors: [FieldError] = item.text("key").isEmpty ? [.required(at.child("key"))] : []
            errors += self.path(item.text("path"), at: at.child("path"))
            return errors + mode(item["mode"], at: at.child("mode"))
        }
    }

    private static func downward(_ source: JSONValue, at path: FieldPath) -> [FieldError] {
        let allowed = [
            "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
        ]
        return source.list("items").enumerated().flatMap { index, item -> [FieldError] in
            // The reference leaves `items` and the position out of this path.
            var errors = self.path(item.text("path"), at: path.child("path"))
            switch (item["fieldRef"], item["resourceFieldRef"]) {
            case (let field?, nil):
                errors += EnvironmentValidation.fieldSelector(field, allowed: allowed, at: path.child("fieldRef"))
            case (nil, let resource?):
                let at = path.child("resourceFieldRef")
                errors +=
                    resource.text("containerName").isEmpty
                    ? [.required(at.child("containerName"))]
                    : EnvironmentValidation.resourceSelector(resource, at: at)
            case (nil, nil): errors.append(.required(path, "one of fieldRef and resourceFieldRef is required"))
            case (_?, _?):
                let problem = "fieldRef and resourceFieldRef can not be specified simultaneously"
                errors.append(.invalid(path, "resource", problem))
            }
            return errors + mode(item["mode"], at: path.child("mode"))
        }
    }

    private static func projected(_ sources: [JSONValue], at path: FieldPath) -> [FieldError] {
        let kinds = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"]
        return sources.enumerated().flatMap { index, source -> [FieldError] in
            let at = path.index(index)
            var errors: [FieldError] = []
            let present = kinds.filter { source[$0] != nil }
            for kind in present.dropFirst() {
                errors.append(.forbidden(at.child(kind), "may not specify more than 1 volume type"))
            }
            guard let kind = present.first, let value = source[kind] else {
                return [.required(at, "must specify a volume source")]
            }
            switch kind {
            case "secret", "configMap":
                if value.text("name").isEmpty { errors.append(.required(at.child(kind).child("name"))) }
                errors += items(value, at: at.child(kind))
            case "downwardAPI": errors += downward(value, at: at.child(kind))
            case "serviceAccountToken":
                if value.text("path").isEmpty { errors.append(.required(at.child(kind).child("path"))) }
            default: break
            }
            return errors
        }
    }

    // MARK: Paths and modes

    private static func mode(_ value: JSONValue?, at path: FieldPath) -> [FieldError] {
        guard let number = value?.intValue, !(0...0o777).contains(number) else { return [] }
        return [.invalid(path, .int(number), "must be a number between 0 and 0777 (octal), both inclusive")]
    }

    /// Where in a volume a key goes: below it, and not where the node keeps its own files.
    private static func path(_ text: String, at path: FieldPath) -> [FieldError] {
        if text.isEmpty { return [.required(path)] }
        let errors = descendingPath(text, at: path)
        guard text.hasPrefix(".."), !text.hasPrefix("../"), text != ".." else { return errors }
        return errors + [.invalid(path, .string(text), "must not start with '..'")]
    }

    /// A relative path that never climbs.
    static func descendingPath(_ text: String, at path: FieldPath) -> [FieldError] {
        let errors: [FieldError] =
            text.hasPrefix("/") ? [.invalid(path, .string(text), "must be a relative path")] : []
        return errors + noBacksteps(text, at: path)
    }

    private static func noBacksteps(_ text: String, at path: FieldPath) -> [FieldError] {
        text.split(separator: "/").contains("..") ? [.invalid(path, .string(text), "must not contain '..'")] : []
    }
}
