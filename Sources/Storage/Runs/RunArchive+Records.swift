import APIMachinery

// The records of a run as JSON: times are microseconds since 1970, what is absent is left out.

extension JSONValue {
    /// Bytes as text where they are one, else in hexadecimal digits.
    static func bytes(_ bytes: [UInt8]) -> JSONValue {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return ["hex": .string(Hexadecimal.text(bytes))]
    }

    /// Reads what `bytes` writes.
    var archivedBytes: [UInt8]? {
        if let text = stringValue { return Array(text.utf8) }
        return self["hex"]?.stringValue.flatMap(Hexadecimal.bytes)
    }

    static func time(_ time: Timestamp?) -> JSONValue { time.map { .int($0.microseconds) } ?? .null }
}

/// Reads members of an archived record and says which of them is wrong.
struct ArchiveReader {
    let json: JSONValue
    let place: String

    init(_ json: JSONValue, _ place: String) {
        self.json = json
        self.place = place
    }

    private func read<Value>(_ name: String, _ value: Value?) throws(BackupError) -> Value {
        guard let value else { throw BackupError("the backup's \(place) has no usable \"\(name)\"") }
        return value
    }

    func member(_ name: String) throws(BackupError) -> ArchiveReader {
        ArchiveReader(try read(name, json[name]), "\(place).\(name)")
    }

    func list(_ name: String) throws(BackupError) -> [ArchiveReader] {
        try read(name, json[name]?.arrayValue).map { ArchiveReader($0, "\(place).\(name)") }
    }

    func text(_ name: String) throws(BackupError) -> String { try read(name, json[name]?.stringValue) }

    func integer(_ name: String) throws(BackupError) -> Int64 { try read(name, json[name]?.intValue) }

    func int(_ name: String) throws(BackupError) -> Int { Int(try integer(name)) }

    func bytes(_ name: String) throws(BackupError) -> [UInt8] { try read(name, json[name]?.archivedBytes) }

    func time(_ name: String) throws(BackupError) -> Timestamp { Timestamp(microseconds: try integer(name)) }

    func optionalTime(_ name: String) -> Timestamp? { json[name]?.intValue.map { Timestamp(microseconds: $0) } }

    func value<Value: RawRepresentable>(_ name: String, _ type: Value.Type) throws(BackupError) -> Value
    where Value.RawValue == Int64 { try read(name, Value(rawValue: try integer(name))) }
}

extension RunRecord {
    var archived: JSONValue {
        [
            "id": .int(id), "uid": .string(uid), "namespace": .string(namespace), "name": .string(name),
            "resourceVersion": .int(resourceVersion), "workflow": .string(workflow), "revision": .string(revision),
            "priority": .int(Int64(priority)), "params": .bytes(params),
            "labels": .object(JSONObject(labels.map { ($0.key, .string($0.value)) })),
            "metadata": .bytes(metadata), "phase": .int(phase.rawValue), "stop": .int(stop.rawValue),
            "reason": .string(reason), "message": .string(message), "createdAt": .time(createdAt),
            "startedAt": .time(startedAt), "finishedAt": .time(finishedAt), "deadline": .time(deadline),
            "idempotencyKey": idempotencyKey.map { .string($0) } ?? .null, "submitter": .string(submitter),
        ]
    }

    init(archived reader: ArchiveReader) throws(BackupError) {
        self.init(
            uid: try reader.text("uid"),
            namespace: try reader.text("namespace"),
            name: try reader.text("name"),
            workflow: try reader.text("workflow"),
            revision: try reader.text("revision"),
            priority: try reader.int("priority"),
            params: try reader.bytes("params"),
            createdAt: try reader.time("createdAt")
        )
        id = try reader.integer("id")
        resourceVersion = try reader.integer("resourceVersion")
        for (key, value) in reader.json["labels"]?.objectValue ?? [:] { labels[key] = value.stringValue }
        metadata = try reader.bytes("metadata")
        phase = try reader.value("phase", Phase.self)
        stop = try reader.value("stop", Stop.self)
        reason = try reader.text("reason")
        message = try reader.text("message")
        startedAt = reader.optionalTime("startedAt")
        finishedAt = reader.optionalTime("finishedAt")
        deadline = reader.optionalTime("deadline")
        idempotencyKey = reader.json["idempotencyKey"]?.stringValue
        submitter = reader.json["submitter"]?.stringValue ?? ""
    }
}

extension StepRecord {
    var archived: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "phase": .int(phase.rawValue), "attempts": .int(Int64(attempts)),
            "deliveries": .int(Int64(deliveries)), "forgivenAttempts": .int(Int64(forgivenAttempts)),
            "acceptedToken": .int(acceptedToken),
            "runner": .string(runner), "startedAt": .time(startedAt), "finishedAt": .time(finishedAt),
            "output": .bytes(output), "metrics": .bytes(metrics),
        ]
        if let failure { object["failure"] = failure.archived }
        return .object(object)
    }

    init(archived reader: ArchiveReader, key: StepKey) throws(BackupError) {
        self.init(key: key, id: try reader.text("id"))
        phase = try reader.value("phase", Phase.self)
        attempts = try reader.int("attempts")
        // Backups of older versions do not have it.
        deliveries = reader.json["deliveries"]?.intValue.map { Int($0) } ?? 0
        forgivenAttempts = try reader.int("forgivenAttempts")
        acceptedToken = try reader.integer("acceptedToken")
        runner = try reader.text("runner")
        startedAt = reader.optionalTime("startedAt")
        finishedAt = reader.optionalTime("finishedAt")
        output = try reader.bytes("output")
        metrics = try reader.bytes("metrics")
        if reader.json["failure"] != nil { failure = try StepFailure(archived: try reader.member("failure")) }
    }
}

extension StepFailure {
    fileprivate var archived: JSONValue {
        [
            "reason": .string(reason), "message": .string(message),
            "exitCode": exitCode.map { .int(Int64($0)) } ?? .null,
        ]
    }

    fileprivate init(archived reader: ArchiveReader) throws(BackupError) {
        self.init(
            reason: try reader.text("reason"),
            message: try reader.text("message"),
            exitCode: reader.json["exitCode"]?.intValue.map { Int($0) }
        )
    }
}

extension AttemptLog {
    var archived: JSONValue {
        var object: JSONObject = [
            "attempt": .int(Int64(attempt)), "runner": .string(runner), "finishedAt": .time(finishedAt),
            "log": .bytes(log), "end": .int(Int64(end)),
        ]
        if let failure { object["failure"] = failure.archived }
        return .object(object)
    }

    init(archived reader: ArchiveReader) throws(BackupError) {
        self.init(
            attempt: try reader.int("attempt"),
            runner: try reader.text("runner"),
            finishedAt: try reader.time("finishedAt"),
            failure: reader.json["failure"] == nil ? nil : try StepFailure(archived: try reader.member("failure")),
            log: try reader.bytes("log"),
            end: try reader.int("end")
        )
    }
}

extension JobRecord {
    /// Without its lease, which ends with the copy.
    var archived: JSONValue {
        [
            "step": .int(Int64(step.index)), "attempt": .int(Int64(attempt)), "namespace": .string(queue.namespace),
            "pool": .string(queue.pool), "express": .bool(isExpress), "enqueuedAt": .time(enqueuedAt),
            "readyAt": .time(readyAt), "deliveries": .int(Int64(deliveries)),
            "timeoutSeconds": timeoutSeconds.map { .int(Int64($0)) } ?? .null, "payload": .bytes(payload),
        ]
    }

    init(archived reader: ArchiveReader, run: Int64) throws(BackupError) {
        self.init(
            step: StepKey(run: run, index: try reader.int("step")),
            attempt: try reader.int("attempt"),
            queue: QueueName(namespace: try reader.text("namespace"), pool: try reader.text("pool")),
            isExpress: reader.json["express"]?.boolValue ?? false,
            enqueuedAt: try reader.time("enqueuedAt"),
            readyAt: try reader.time("readyAt"),
            timeoutSeconds: reader.json["timeoutSeconds"]?.intValue.map { Int($0) },
            payload: try reader.bytes("payload")
        )
        deliveries = try reader.int("deliveries")
    }
}
