import APIMachinery
import GenericAPIServer
import Schema

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
        // The first network of a node has a field of its own, which is the older one and wins.
        let first = object.value(at: "spec", "podCIDR")?.stringValue ?? ""
        let networks = object.value(at: "spec", "podCIDRs")?.arrayValue ?? []
        if first.isEmpty {
            if let network = networks.first { object.set(network, at: ["spec", "podCIDR"]) }
        } else if networks.first?.stringValue != first {
            object.set([.string(first)], at: ["spec", "podCIDRs"])
        }
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        if subresource == "status" { object["spec"] = old["spec"] } else { object["status"] = old["status"] }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        var errors = taints(object) + resources(object)
        let path = FieldPath("spec").child("podCIDRs")
        let networks = (object["spec"] ?? .null).list("podCIDRs").map { $0.stringValue ?? "" }
        for (index, network) in networks.enumerated() where !AddressFormats.isCIDR(network) {
            let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            errors.append(.invalid(path.index(index), .string(network), detail))
        }
        // Of two networks one is of the old addresses and one of the new.
        let families = Set(networks.map { $0.contains(":") })
        if networks.count > 1, networks.count > 2 || families.count < 2 {
            let shown = networks.joined(separator: ",")
            errors.append(.invalid(path, .string(shown), "may specify no more than one CIDR for each IP family"))
        }
        return errors
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        // A changed node is looked at as a new one, too.
        var errors = subresource.isEmpty ? validate(object, context) : []
        errors += resources(object)
        var seen: Set<JSONValue> = []
        for (index, address) in (object["status"] ?? .null).list("addresses").enumerated()
        where !seen.insert(address).inserted {
            errors.append(.duplicate(FieldPath("status").child("addresses").index(index), address))
        }
        // Where a node is cannot change once it is known.
        let spec = FieldPath("spec")
        for (field, name) in [("podCIDRs", "podCIDR"), ("providerID", "providerID")] {
            guard let before = old.value(at: "spec", field), before != object.value(at: "spec", field) else { continue }
            errors.append(
                .forbidden(spec.child(field), "node updates may not change \(name) except from \"\" to valid")
            )
        }
        errors += taints(object)
        if old.value(at: "spec", "externalID") != object.value(at: "spec", "externalID") {
            errors.append(.forbidden(spec.child("externalID"), "may not be updated"))
        }
        return errors
    }

    /// The reference looks for taints in the metadata, where they once were.
    private func taints(_ object: JSONValue) -> [FieldError] {
        SchedulingValidation.taints((object["spec"] ?? .null).list("taints"), at: FieldPath("metadata").child("taints"))
    }

    private func resources(_ object: JSONValue) -> [FieldError] {
        ["capacity", "allocatable"].flatMap { field in
            (object.value(at: "status", field)?.objectValue ?? [:]).flatMap { name, value in
                let path = FieldPath("status").child(field).child(name)
                return ResourceValidation.amount(value, of: name, at: path)
            }
        }
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
