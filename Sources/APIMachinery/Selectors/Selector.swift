/// A query on labels, as `?labelSelector=` and `spec.selector` mean it (`k8s.io/apimachinery/pkg/labels`).
///
/// All requirements must hold. They are kept sorted by key, so that equal selectors print equally.
public struct Selector: Sendable, Hashable, CustomStringConvertible {
    /// One condition on one label.
    public struct Requirement: Sendable, Hashable, CustomStringConvertible {
        public let key: String
        public let `operator`: SelectorOperator
        /// What the operator compares with, in the order given.
        public let values: [String]

        /// A condition that has been checked.
        ///
        /// - Throws: `SelectorError` naming every key, value and count of values that the rules forbid.
        public init(key: String, operator: SelectorOperator, values: [String]) throws(SelectorError) {
            self.key = key
            self.operator = `operator`
            self.values = values
            let faults = Self.faults(key, `operator`, values)
            if !faults.isEmpty { throw SelectorError(faults: faults) }
        }

        /// Whether an object with these labels meets the condition.
        public func matches(_ labels: [String: String]) -> Bool {
            let label = labels[key]
            switch `operator` {
            case .in, .equals, .doubleEquals: return label.map(has) ?? false
            case .notIn, .notEquals: return !(label.map(has) ?? false)
            case .exists: return label != nil
            case .doesNotExist: return label == nil
            case .greaterThan, .lessThan:
                guard let number = label.flatMap({ Int64($0) }), let limit = values.first.flatMap({ Int64($0) })
                else { return false }
                return `operator` == .greaterThan ? number > limit : number < limit
            }
        }

        private func has(_ label: String) -> Bool { values.contains { $0.equalsBytes(of: label) } }

        public var description: String {
            let list = values.sorted { $0.compareBytes(to: $1) < 0 }.joined(separator: ",")
            switch `operator` {
            case .exists: return key
            case .doesNotExist: return "!\(key)"
            case .in: return "\(key) in (\(list))"
            case .notIn: return "\(key) notin (\(list))"
            case .greaterThan: return "\(key)>\(list)"
            case .lessThan: return "\(key)<\(list)"
            case .equals, .doubleEquals, .notEquals: return "\(key)\(`operator`.rawValue)\(list)"
            }
        }
    }

    /// The conditions, sorted by key.
    public let requirements: [Requirement]
    /// Whether this is the selector of a `LabelSelector` that is not there, which selects no object at all.
    public let matchesNothing: Bool

    /// Selects every object.
    public static let everything = Selector([])

    /// Selects no object.
    public static let nothing = Selector(requirements: [], matchesNothing: true)

    /// A selector of these conditions.
    public init(_ requirements: [Requirement]) {
        // Keep the order of equal keys: `sorted` is stable.
        self.init(
            requirements: requirements.sorted { $0.key.compareBytes(to: $1.key) < 0 },
            matchesNothing: false
        )
    }

    private init(requirements: [Requirement], matchesNothing: Bool) {
        self.requirements = requirements
        self.matchesNothing = matchesNothing
    }

    /// Reads the text form: `app=web,tier!=front,env in (a,b),!legacy,replicas>3`.
    public init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        self.init(try parser.parse())
    }

    /// Whether every object is selected.
    public var isEmpty: Bool { requirements.isEmpty && !matchesNothing }

    /// Whether an object with these labels is selected.
    public func matches(_ labels: [String: String]) -> Bool {
        !matchesNothing && requirements.allSatisfy { $0.matches(labels) }
    }

    /// The one value that the label must have to be selected, for look-ups by index.
    public func exactValue(of key: String) -> String? {
        guard let first = requirements.first(where: { $0.key.equalsBytes(of: key) }) else { return nil }
        switch first.operator {
        case .equals, .doubleEquals, .in: return first.values.count == 1 ? first.values[0] : nil
        default: return nil
        }
    }

    /// The text form, which parses to the same selector.
    public var description: String { requirements.map(\.description).joined(separator: ",") }
}

/// How a label is compared.
public enum SelectorOperator: String, Sendable {
    case equals = "="
    case doubleEquals = "=="
    case notEquals = "!="
    case `in` = "in"
    case notIn = "notin"
    case exists = "exists"
    case doesNotExist = "!"
    case greaterThan = "gt"
    case lessThan = "lt"
}

/// Why a selector is refused, in Kubernetes' words.
public struct SelectorError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// A refusal in these words.
    public init(_ description: String) { self.description = description }

    /// A refusal for several reasons at once.
    init(faults: [FieldError]) {
        let texts = faults.map { fault in
            // The reference has no path here, and leaves it out where it prints nothing else.
            fault.field.isEmpty ? fault.description : "\(fault.field): \(fault.body)"
        }
        description = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
}

extension Selector.Requirement {
    private static func faults(_ key: String, _ operator: SelectorOperator, _ values: [String]) -> [FieldError] {
        var faults: [FieldError] = []
        let keyFaults = Validation.qualifiedName(key)
        if !keyFaults.isEmpty {
            faults.append(.invalid(FieldPath("key"), .string(key), keyFaults.joined(separator: "; ")))
        }
        let path = FieldPath("values")
        let shown: JSONValue = values.isEmpty ? .null : .array(values.map(JSONValue.string))
        switch `operator` {
        case .in, .notIn:
            if values.isEmpty {
                faults.append(.invalid(path, shown, "for 'in', 'notin' operators, values set can't be empty"))
            }
        case .equals, .doubleEquals, .notEquals:
            if values.count != 1 {
                faults.append(.invalid(path, shown, "exact-match compatibility requires one single value"))
            }
        case .exists, .doesNotExist:
            if !values.isEmpty {
                faults.append(.invalid(path, shown, "values set must be empty for exists and does not exist"))
            }
        case .greaterThan, .lessThan:
            if values.count != 1 {
                faults.append(.invalid(path, shown, "for 'Gt', 'Lt' operators, exactly one value is required"))
            }
            for (index, value) in values.enumerated() where Int64(value) == nil {
                let detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                faults.append(.invalid(path.index(index), .string(value), detail))
            }
        }
        for (index, value) in values.enumerated() {
            let valueFaults = Validation.labelValue(value)
            if !valueFaults.isEmpty {
                let detail = valueFaults.joined(separator: "; ")
                faults.append(.invalid(path.index(index).key(key), .string(value), detail))
            }
        }
        return faults
    }
}
