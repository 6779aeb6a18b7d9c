/// What the checker has found out about the unknowns so far.
struct TypeSubstitution {
    private var bindings: [Int: CELType] = [:]

    /// The type with all known unknowns replaced; the others by `dyn`, if that is asked for.
    func resolve(_ type: CELType, unknownsToDyn: Bool = false) -> CELType {
        switch type {
        case .variable(let id):
            if let bound = bindings[id] { return resolve(bound, unknownsToDyn: unknownsToDyn) }
            return unknownsToDyn ? .dyn : type
        case .list(let element): return .list(resolve(element, unknownsToDyn: unknownsToDyn))
        case .map(let key, let value):
            return .map(
                resolve(key, unknownsToDyn: unknownsToDyn),
                resolve(value, unknownsToDyn: unknownsToDyn)
            )
        case .optional(let wrapped): return .optional(resolve(wrapped, unknownsToDyn: unknownsToDyn))
        case .type(let inner): return .type(resolve(inner, unknownsToDyn: unknownsToDyn))
        default: return type
        }
    }

    /// Whether a value of one type may stand where the other is asked for; learns what that says of unknowns.
    /// Nothing is learned from a failure.
    mutating func unify(_ first: CELType, _ second: CELType) -> Bool {
        var attempt = self
        guard attempt.assign(first, second) else { return false }
        self = attempt
        return true
    }

    /// The same for two lists of types of the same length.
    mutating func unify(_ first: [CELType], _ second: [CELType]) -> Bool {
        guard first.count == second.count else { return false }
        var attempt = self
        for (a, b) in zip(first, second) where !attempt.assign(a, b) { return false }
        self = attempt
        return true
    }

    /// Whether `first` may stand for `second`. `dyn` and mistakes already reported fit everywhere; null fits what can be
    /// absent; otherwise the types must be the same, part by part.
    private mutating func assign(_ first: CELType, _ second: CELType) -> Bool {
        if case .variable(let id) = second {
            let (isValid, isBound) = bind(id, to: first)
            if isValid { return true }
            if isBound { return false }
        }
        if case .variable(let id) = first { return bind(id, to: second).isValid }
        if first.isDynOrError || second.isDynOrError { return true }
        if first == .null { return second.isNullable }
        if second == .null { return first.isNullable }
        switch (first, second) {
        case (.list(let a), .list(let b)): return assign(a, b)
        case (.map(let aKey, let aValue), .map(let bKey, let bValue)):
            return assign(aKey, bKey) && assign(aValue, bValue)
        case (.optional(let a), .optional(let b)): return assign(a, b)
        case (.type, .type): return true
        default: return first == second
        }
    }

    /// Whether an unknown can be that type; of two types that fit each other the more general one is kept.
    private mutating func bind(_ id: Int, to type: CELType) -> (isValid: Bool, isBound: Bool) {
        if type == .variable(id) { return (true, true) }
        if let bound = bindings[id] {
            if type == bound { return (true, true) }
            guard assign(type, bound) else { return (false, true) }
            let general = CELType.moreGeneral(type, bound)
            if !occurs(id, in: general) { bindings[id] = general }
            return (true, true)
        }
        if occurs(id, in: type) { return (false, false) }
        bindings[id] = type
        return (true, false)
    }

    /// Whether an unknown is a part of a type, which would make the type endless.
    private func occurs(_ id: Int, in type: CELType) -> Bool {
        switch type {
        case .variable(let other): other == id || bindings[other].map { occurs(id, in: $0) } ?? false
        case .list(let element): occurs(id, in: element)
        case .map(let key, let value): occurs(id, in: key) || occurs(id, in: value)
        case .optional(let wrapped): occurs(id, in: wrapped)
        case .type(let inner): occurs(id, in: inner)
        default: false
        }
    }
}

extension CELType {
    var isDynOrError: Bool { self == .dyn || self == .error }

    /// Whether null is a value of the type.
    var isNullable: Bool {
        switch self {
        case .null, .timestamp, .duration, .object, .opaque, .optional, .dyn, .error: true
        default: false
        }
    }

    /// The one of two types that fit each other that says less.
    static func moreGeneral(_ first: CELType, _ second: CELType) -> CELType {
        first.isEqualOrLessSpecific(than: second) ? first : second
    }

    /// Whether this type says no more than the other: `list(dyn)` no more than `list(int)`.
    private func isEqualOrLessSpecific(than other: CELType) -> Bool {
        switch (self, other) {
        case (.dyn, _), (.variable, _): true
        case (_, .dyn), (_, .variable): false
        case (.list(let a), .list(let b)): a.isEqualOrLessSpecific(than: b)
        case (.map(let aKey, let aValue), .map(let bKey, let bValue)):
            aKey.isEqualOrLessSpecific(than: bKey) && aValue.isEqualOrLessSpecific(than: bValue)
        case (.optional(let a), .optional(let b)): a.isEqualOrLessSpecific(than: b)
        case (.type, .type): true
        default: self == other
        }
    }

    /// The type with the parameters of a signature replaced by unknowns.
    func instantiated(_ unknown: (String) -> CELType) -> CELType {
        switch self {
        case .parameter(let name): unknown(name)
        case .list(let element): .list(element.instantiated(unknown))
        case .map(let key, let value): .map(key.instantiated(unknown), value.instantiated(unknown))
        case .optional(let wrapped): .optional(wrapped.instantiated(unknown))
        case .type(let inner): .type(inner.instantiated(unknown))
        default: self
        }
    }
}
