import APIMachinery
import TestSupport

extension FuzzTarget {
    /// Selectors of labels and of fields, as text and as objects. The first line is the selector, the second an
    /// object of labels.
    static let selector = FuzzTarget(
        name: "selector",
        seeds: {
            try Golden.cases("selectors.json").flatMap { vector -> [[UInt8]] in
                let selector = vector["selector"] ?? .null
                let labels = (vector["labels"] ?? vector["fields"])?.arrayValue ?? []
                return labels.prefix(2).map { seed(selector.stringValue ?? selector.text, $0.text) }
            }
        },
        check: { bytes in
            let lines = parts(bytes, 2)
            let given = ((try? JSONValue(parsing: lines[1])) ?? .null).objectValue ?? [:]
            let labels = Dictionary(
                given.map { ($0.key, $0.value.stringValue ?? $0.value.text) },
                uniquingKeysWith: { $1 }
            )
            if let selector = try? Selector(parsing: decoded(lines[0])) { try check(selector, labels) }
            if let selector = try? FieldSelector(parsing: decoded(lines[0])) { try check(selector, labels) }
            if let json = try? JSONValue(parsing: lines[0]),
                let object = try? JSONValueDecoder().decode(LabelSelector.self, from: json)
            {
                try check(object, labels)
            }
        }
    )

    private static let samples: [[String: String]] = [
        [:], ["a": "b"], ["a": ""], ["app": "web", "tier": "front"], ["x": "5"], ["x": "-3", "a/b": "c"],
    ]

    /// An object may name a value twice; the text form does not.
    private static func hasRepeatedValues(_ selector: Selector) -> Bool {
        selector.requirements.contains { Set($0.values).count < $0.values.count }
    }

    private static func check(_ selector: Selector, _ labels: [String: String]) throws {
        let again = try expectSuccess("\(selector) cannot be read") { try Selector(parsing: selector.description) }
        try expect(
            again.description == selector.description || hasRepeatedValues(selector),
            "\(selector) is read as \(again)"
        )
        // The same conditions one by one, and as an object where an object has them.
        let object = LabelSelector(
            matchExpressions: selector.requirements.map {
                let negative = $0.operator == .notEquals || $0.operator == .notIn
                return LabelSelector.Requirement(
                    key: $0.key,
                    operator: $0.values.isEmpty
                        ? $0.operator == .exists ? "Exists" : "DoesNotExist" : negative ? "NotIn" : "In",
                    values: $0.values.isEmpty ? nil : $0.values
                )
            }
        )
        let isObject = selector.requirements.allSatisfy {
            switch $0.operator {
            case .exists, .doesNotExist: true
            case .in, .notIn, .equals, .doubleEquals, .notEquals: !$0.values.isEmpty
            default: false
            }
        }
        for sample in samples + [labels] {
            let matches = selector.matches(sample)
            try expect(
                matches == selector.requirements.allSatisfy { $0.matches(sample) },
                "\(selector) does not agree with its conditions on \(sample)"
            )
            if isObject {
                try expect(
                    try object.selector().matches(sample) == matches,
                    "\(selector) does not agree with the object on \(sample)"
                )
            }
            guard matches else { continue }
            for requirement in selector.requirements {
                if let value = selector.exactValue(of: requirement.key) {
                    try expect(sample[requirement.key] == value, "\(selector) matches \(sample)")
                }
            }
        }
    }

    private static func check(_ selector: FieldSelector, _ fields: [String: String]) throws {
        let again = try expectSuccess("\(selector) cannot be read") {
            try FieldSelector(parsing: selector.description)
        }
        try expect(Set(again.requirements) == Set(selector.requirements), "\(selector) is read as \(again)")
        for sample in samples + [fields] {
            let matches = selector.matches(sample)
            try expect(again.matches(sample) == matches, "\(selector) does not agree with \(again) on \(sample)")
            guard matches else { continue }
            for requirement in selector.requirements {
                if let value = selector.exactValue(of: requirement.field) {
                    try expect((sample[requirement.field] ?? "") == value, "\(selector) matches \(sample)")
                }
            }
        }
    }

    private static func check(_ object: LabelSelector, _ labels: [String: String]) throws {
        let isValid = object.validate(at: .root).isEmpty
        let selector: Selector
        do {
            selector = try object.selector()
        } catch {
            try expect(!isValid, "a valid object is refused: \(error)")
            return
        }
        guard isValid else { return }
        try check(selector, labels)
    }
}
