/// What the functions of cel-go's extensions and of Kubernetes' libraries cost. Kubernetes goes by the function's name
/// alone, so that a function of the same name in another library costs the same.
extension CostEstimator {
    /// `nil` for a function of neither.
    func libraryWork(_ name: String, _ call: Call) -> Work? {
        extensionWork(name, call) ?? listWork(name, call) ?? textWork(name, call) ?? valueWork(name, call)
    }

    // MARK: cel-go's lists and sets

    private func extensionWork(_ name: String, _ call: Call) -> Work? {
        switch name {
        case "sets.contains", "sets.intersects", "sets.equivalent":
            let pairs = call.size(0) * call.size(1)
            return Work(cost: Cost.add(pairs.cost(name == "sets.equivalent" ? 2 : 1), 1))
        case "slice":
            guard let size = call.targetSize, call.arguments.count == 2 else { return nil }
            let start = Self.literal(call.arguments[0]) ?? 0
            let end = Self.literal(call.arguments[1]) ?? size.maximum
            // A slice that ends before it starts counts as endless.
            return allocation(1, .exactly(end &- start))
        case "lists.range":
            guard let argument = call.arguments.first else { return nil }
            return allocation(1, .exactly(Self.literal(argument) ?? .max))
        case "reverse": return call.targetSize.map { allocation(1, $0) }
        case "flatten":
            guard let size = call.targetSize else { return nil }
            let depth = call.arguments.first.map { Self.literal($0) ?? .max } ?? 1
            return allocation(Double(depth), size)
        case "distinct": return call.targetSize.map { allocation(2, $0 * $0) }
        case "sort":
            guard let size = call.targetSize else { return nil }
            return allocation(Self.comparisonFactor(call.overload.parameters.first), size * size)
        default: return nil
        }
    }

    /// A number in the source, zero for a negative one.
    private static func literal(_ node: SyntaxNode) -> UInt64? {
        guard case .literal(.int(let number)) = node.form else { return nil }
        return UInt64(max(0, number))
    }

    private func allocation(_ factor: Double, _ size: SizeEstimate) -> Work {
        Work(cost: Cost.add(size.cost(factor), Cost.list + 1), size: size)
    }

    // MARK: Kubernetes' lists

    private func listWork(_ name: String, _ call: Call) -> Work? {
        guard let target = call.target, let size = call.targetSize else { return nil }
        switch name {
        case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf":
            guard let (type, element) = element(of: target) else { return Work(cost: size.cost(Cost.perCharacter)) }
            var each: UInt64 = 1
            if type == .string || type == .bytes { each = Cost.add(each, element.cost(Cost.perCharacter)) }
            return Work(cost: Cost.multiply(size.maximum, each))
        case "join":
            var result = element(of: target).map { size * $0.size } ?? .zero
            if !call.sizes.isEmpty {
                let gaps = SizeEstimate(
                    minimum: size.minimum == 0 ? 0 : size.minimum - 1,
                    maximum: size.maximum == 0 ? 0 : size.maximum - 1
                )
                result = result + call.size(0) * gaps
            }
            return Work(cost: result.cost(Cost.perCharacter), size: result)
        default: return nil
        }
    }

    /// The type and the size of the elements of a list, of which only the schema is asked; `nil` for what has none.
    private func element(of list: SyntaxNode) -> (type: CELType, size: SizeEstimate)? {
        let type: CELType
        switch self.type(list) {
        case .list(let inner), .optional(let inner), .map(let inner, _), .type(let inner): type = inner
        default: return nil
        }
        let path = path(list).map { CostPath.extending($0.copy, by: "@items") }
        return (type, schemaSize(at: path) ?? .unknown)
    }

    // MARK: Texts

    private func textWork(_ name: String, _ call: Call) -> Work? {
        switch name {
        case "url", "jsonpatch.escapeKey":
            guard call.sizes.count == 1 else { return nil }
            return Work(cost: call.size(0).cost(Cost.perCharacter), size: call.size(0))
        case "cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver":
            return Work(cost: call.size(0).cost(Cost.perCharacter))
        case "ip":
            // The address of a network is only read from it.
            return call.target == nil ? Work(cost: call.size(0).cost(Cost.perCharacter)) : .constant
        case "ip.isCanonical": return Work(cost: call.size(0).cost(2 * Cost.perCharacter))
        case "validate":
            let once = call.size(0).cost(Cost.perCharacter)
            return Work(cost: Cost.multiply(once, by: Cost.formatPattern * Cost.perPatternCharacter))
        default: break
        }
        guard let size = call.targetSize else { return nil }
        switch name {
        case "lowerAscii", "upperAscii", "substring", "trim":
            return Work(cost: size.cost(Cost.perCharacter), size: size)
        case "replace":
            guard call.sizes.count >= 2 else { return nil }
            let result = Self.replaced(size, call.size(0), call.size(1))
            return Work(cost: size.cost(2 * Cost.perCharacter), size: result)
        case "split":
            var most = size.maximum
            if call.arguments.count > 1, case .literal(.int(let limit)) = call.arguments[1].form {
                most = UInt64(bitPattern: limit)
            }
            return Work(cost: size.cost(2 * Cost.perCharacter), size: .upTo(most))
        case "find", "findAll":
            guard !call.sizes.isEmpty else { return nil }
            return Work(cost: Self.pattern(size, call.size(0)), size: .upTo(size.maximum))
        default: return nil
        }
    }

    private static func replaced(_ text: SizeEstimate, _ old: SizeEstimate, _ new: SizeEstimate) -> SizeEstimate {
        var count = SizeEstimate.zero
        var kept = SizeEstimate.zero
        if old.minimum == 0 {
            // An empty text is found between all characters.
            count.maximum = Cost.add(text.maximum, 1)
            kept.maximum = text.maximum
        } else if new.maximum <= old.minimum {
            kept.maximum = text.maximum
        } else {
            count.maximum = Cost.multiply(text.maximum, by: 1 / Double(old.minimum))
        }
        if old.maximum == 0 {
            count.minimum = Cost.add(text.minimum, 1)
            kept.minimum = text.minimum
        } else if old.maximum <= new.minimum {
            kept.minimum = text.minimum
        } else {
            count.minimum = Cost.multiply(text.minimum, by: 1 / Double(old.maximum))
        }
        return count * new + kept
    }

    // MARK: Kubernetes' own types

    private func valueWork(_ name: String, _ call: Call) -> Work? {
        switch name {
        case "_==_":
            guard call.arguments.count == 2, case .opaque(let type) = self.type(call.arguments[0]),
                self.type(call.arguments[1]) == .opaque(type)
            else { return nil }
            switch type {
            case OpaqueValue.ipType, OpaqueValue.cidrType, OpaqueValue.quantityType, OpaqueValue.semverType:
                return .constant
            case OpaqueValue.formatType: return Work(cost: Cost.multiply(Cost.formatName, by: Cost.perCharacter))
            case OpaqueValue.urlType:
                return Work(cost: Cost.multiply(call.size(1).maximum, by: Cost.perCharacter))
            default: return nil
            }
        case "containsIP", "containsCIDR":
            // Networks have 4 or 16 bytes, which are compared, and for another network masked first.
            let compared: UInt64 = name == "containsIP" ? 4 : 7
            let isText = call.overload.parameters.last == .string
            return Work(cost: Cost.add(compared, isText ? call.size(0).cost(Cost.perCharacter) : 0))
        default: return nil
        }
    }
}
