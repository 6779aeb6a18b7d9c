import APIMachinery

/// Nodes.
struct NodeStrategy: BuiltInStrategy {
    var typeName: String { "Node" }
    var selectableFields: Set<String> { ["spec.unschedulable"] }

    func fieldValues(_ object: JSONValue) -> [String: String] {
        ["spec.unschedulable": object.value(at: "spec", "unschedulable")?.boolValue == true ? "true" : "false"]
    }

    func fillDefaults(_ object: inout JSONValue) {
        if object["spec"] == nil { object["spec"] = .object([:]) }
        if object["status"] == nil { object["status"] = .object([:]) }
        // Without word from the node itself all it has may be used.
        if object.value(at: "status", "allocatable") == nil, let capacity = object.value(at: "status", "capacity") {
            object.set(capacity, at: ["status", "allocatable"])
        }
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        if subresource == "status" { object["spec"] = old["spec"] } else { object["status"] = old["status"] }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        SchedulingValidation.taints((object["spec"] ?? .null).list("taints"), at: FieldPath("spec").child("taints"))
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        var errors = validate(object, context)
        // Where a node is cannot change once it is known.
        for field in ["podCIDR", "providerID"] {
            let before = old.value(at: "spec", field)?.stringValue ?? ""
            guard !before.isEmpty, before != object.value(at: "spec", field)?.stringValue ?? "" else { continue }
            errors.append(
                .forbidden(
                    FieldPath("spec").child(field),
                    "node updates may not change \(field) except from \"\" to valid"
                )
            )
        }
        return errors
    }

    static let columns: [PrinterColumn] = [
        PrinterColumn(name: "Status", type: "string", description: "The status of the node"),
        PrinterColumn(name: "Roles", type: "string", description: "The roles of the node"),
        PrinterColumn(name: "Age", type: "string", description: TableWriter.ageColumn.description),
        PrinterColumn(name: "Version", type: "string", description: "Kubelet Version reported by the node."),
        PrinterColumn(name: "Internal-IP", type: "string", description: "IP address", priority: 1),
        PrinterColumn(name: "External-IP", type: "string", description: "IP address", priority: 1),
        PrinterColumn(name: "OS-Image", type: "string", description: "OS Image reported by the node", priority: 1),
        PrinterColumn(
            name: "Kernel-Version",
            type: "string",
            description: "Kernel Version reported by the node",
            priority: 1
        ),
        PrinterColumn(
            name: "Container-Runtime",
            type: "string",
            description: "ContainerRuntime Version reported by the node",
            priority: 1
        ),
    ]

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        let conditions = object.value(at: "status", "conditions")?.arrayValue ?? []
        let ready = conditions.first { $0["type"]?.stringValue == "Ready" }?["status"]?.stringValue
        var status = ready == "True" ? "Ready" : ready == nil ? "Unknown" : "NotReady"
        if object.value(at: "spec", "unschedulable")?.boolValue == true { status += ",SchedulingDisabled" }
        let prefix = "node-role.kubernetes.io/"
        let roles = (object.value(at: "metadata", "labels")?.objectValue?.keys ?? [])
            .filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
        func address(_ type: String) -> JSONValue {
            let addresses = object.value(at: "status", "addresses")?.arrayValue ?? []
            return addresses.first { $0["type"]?.stringValue == type }?["address"] ?? "<none>"
        }
        func info(_ field: String) -> JSONValue {
            let text = object.value(at: "status", "nodeInfo", field)?.stringValue ?? ""
            return .string(text.isEmpty ? "<unknown>" : text)
        }
        return [
            .string(status), .string(roles.isEmpty ? "<none>" : roles.joined(separator: ",")), Cells.age(object, now),
            object.value(at: "status", "nodeInfo", "kubeletVersion") ?? "", address("InternalIP"),
            address("ExternalIP"), info("osImage"), info("kernelVersion"), info("containerRuntimeVersion"),
        ]
    }
}
