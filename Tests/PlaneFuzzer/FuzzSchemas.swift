import APIMachinery

/// Schemas of what publishes none: the runners' protocol (`docs/runner-protocol.md`) and submissions over HTTP.
enum FuzzSchemas {
    private static let integer: JSONValue = ["type": "integer"]
    private static let number: JSONValue = ["type": "number"]
    private static let text: JSONValue = ["type": "string"]
    private static let anything: JSONValue = ["x-kubernetes-preserve-unknown-fields": true]

    private static func object(_ properties: JSONObject) -> JSONValue {
        ["type": "object", "properties": .object(properties)]
    }

    private static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    private static func body(_ more: JSONObject) -> JSONValue {
        var properties: JSONObject = ["namespace": text, "pool": text, "runner": text]
        for (name, schema) in more { properties[name] = schema }
        return object(properties)
    }

    private static let job = object(["job": text, "token": text])

    /// The calls of the protocol; those that move jobs are there more than once, to be made more often.
    static let calls: [(name: String, schema: JSONValue)] = [
        ("register", register), ("lease", lease), ("lease", lease), ("heartbeat", heartbeat), ("report", report),
        ("report", report), ("report", report), ("release", body(["jobs": list(job)])), ("deregister", body([:])),
    ]

    private static let register = body([
        "podUID": text, "concurrency": integer, "protocolVersion": integer, "runtimeVersion": text, "jobs": list(job),
        "system": object([
            "os": text, "arch": text, "hostname": text, "cpus_logical": integer, "cpus_physical": integer,
            "memory_total_mb": integer,
        ]),
    ])

    private static let lease = body(["capacity": integer, "waitSeconds": integer])

    private static let heartbeat = body([
        "jobs": list(job), "load": object(["cpuMillicores": number, "memoryMB": number, "slotsBusy": integer]),
    ])

    private static let report = body([
        "capacity": integer,
        "reports": list(
            object([
                "job": text, "token": text, "outcome": text, "output": anything,
                "metrics": object(["execution_time_ms": number, "queue_time_ms": number, "memory_peak_mb": number]),
                "startedAt": text, "finishedAt": text,
                "error": object([
                    "reason": text, "message": text, "exitCode": integer, "retryable": ["type": "boolean"],
                ]),
                "logTail": text,
            ])
        ),
    ])

    static let submission = object([
        "params": object(["x": anything]), "priority": integer, "idempotencyKey": text, "name": text,
        "labels": ["type": "object", "additionalProperties": text],
    ])
}
