/// Turns a parsed (and perhaps checked) expression into a plan.
struct Planner {
    private var scopes: [(name: String, slot: Int)] = []
    private(set) var slotCount = 0
    private let library: FunctionLibrary
    /// Which signature the checker chose for a call, by the node's id, where it is exactly one.
    private let overloads: [Int: Int]

    init(library: FunctionLibrary, overloads: [Int: Int]) {
        self.library = library
        self.overloads = overloads
    }

    /// The plan of a node and of everything below it.
    ///
    /// - Throws: That a call can never be made, whatever the values: there is no such function, or none with that many
    ///   arguments.
    mutating func plan(_ node: SyntaxNode) throws(EvaluationFailure) -> Plan {
        let offset = node.offset
        switch node.form {
        case .literal(let value):
            return .constant(value)
        case .identifier(let name):
            return identifier(name, offset)
        case .select(let operand, let field, let isOptional, let testOnly):
            if let name = dottedName(node), CELType.named[name] != nil { return .constant(.type(name)) }
            let base = try planBase(operand)
            if testOnly { return .test(base, field, offset) }
            return .select(base, field, isOptional: isOptional, offset)
        case .index(let operand, let index, let isOptional):
            return .index(try planBase(operand), try plan(index), isOptional: isOptional, offset)
        case .and(let terms):
            return .and(try plans(terms), offset)
        case .or(let terms):
            return .or(try plans(terms), offset)
        case .conditional(let condition, let first, let second):
            return .conditional(try plan(condition), try plan(first), try plan(second), offset)
        case .call(let name, let target, let arguments):
            return try call(node, name, target, arguments)
        case .list(let elements):
            var result: [Plan.Element] = []
            for element in elements {
                result.append(Plan.Element(value: try plan(element.value), isOptional: element.isOptional))
            }
            return Self.folded(result) ?? .list(result, offset)
        case .map(let entries):
            var result: [Plan.Entry] = []
            for entry in entries {
                let key = try plan(entry.key)
                result.append(Plan.Entry(key: key, value: try plan(entry.value), isOptional: entry.isOptional))
            }
            return Self.folded(result) ?? .map(result, offset)
        case .message(let name, _):
            throw EvaluationFailure(.noSuchAttribute, "unknown type: \(name)").located(at: offset)
        case .comprehension(let comprehension):
            return .fold(try fold(comprehension), offset)
        case .optionalMap(let target, let variable, let body, let isFlat):
            let target = try plan(target)
            let slot = push(variable)
            let body = try plan(body)
            scopes.removeLast()
            return .optionalMap(target, slot: slot, body: body, isFlat: isFlat, offset)
        }
    }

    private mutating func plans(_ nodes: [SyntaxNode]) throws(EvaluationFailure) -> [Plan] {
        var result: [Plan] = []
        result.reserveCapacity(nodes.count)
        for node in nodes { result.append(try plan(node)) }
        return result
    }

    // MARK: Names

    /// Slots are never used twice in one expression, so that nothing has to be cleaned up when an error that
    /// `||` or `&&` absorbs leaves a macro early.
    private mutating func push(_ name: String) -> Int {
        defer { slotCount += 1 }
        scopes.append((name, slotCount))
        return slotCount
    }

    private func slot(of name: String) -> Int? { scopes.last { $0.name == name }?.slot }

    /// A name: the innermost macro's variable, or what the caller provides. A leading dot skips the macros.
    private func identifier(_ name: String, _ offset: Int) -> Plan {
        if let slot = slot(of: name) { return .local(slot) }
        let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
        return .variable(name, type: CELType.named[name].map { _ in .type(name) }, offset)
    }

    /// What something is selected from: a name alone may mean a type, but types have no fields.
    private mutating func planBase(_ node: SyntaxNode) throws(EvaluationFailure) -> Plan {
        let base = try plan(node)
        if case .variable(let name, _, let offset) = base { return .variable(name, type: nil, offset) }
        return base
    }

    /// The name that a chain of selections spells, unless it begins at a macro's variable.
    private func dottedName(_ node: SyntaxNode) -> String? {
        switch node.form {
        case .identifier(let name):
            if slot(of: name) != nil { return nil }
            return name.hasPrefix(".") ? String(name.dropFirst()) : name
        case .select(let operand, let field, false, false):
            return dottedName(operand).map { $0 + "." + field }
        default:
            return nil
        }
    }

    // MARK: Macros

    /// The macro's variables are in scope for its condition and its body, not for its range.
    private mutating func fold(_ comprehension: Comprehension) throws(EvaluationFailure) -> Plan.Fold {
        let range = try plan(comprehension.range)
        let outer = scopes.count
        let slot = push(comprehension.variable)
        let secondSlot = comprehension.secondVariable.map { push($0) }
        var filter: Plan?
        if let condition = comprehension.filter { filter = try plan(condition) }
        let body = try plan(comprehension.body)
        scopes.removeLast(scopes.count - outer)
        return Plan.Fold(
            kind: comprehension.kind,
            range: range,
            slot: slot,
            secondSlot: secondSlot,
            filter: filter,
            body: body
        )
    }

    // MARK: Calls

    /// A call: an operator that the evaluator knows itself, or a function of the library.
    private mutating func call(
        _ node: SyntaxNode,
        _ name: String,
        _ target: SyntaxNode?,
        _ arguments: [SyntaxNode]
    ) throws(EvaluationFailure) -> Plan {
        let offset = node.offset
        var name = name.hasPrefix(".") ? String(name.dropFirst()) : name
        var target = target
        // `math.least(…)`: what looks like a receiver may be the first part of the function's name.
        if let receiver = target, let prefix = dottedName(receiver), library[prefix + "." + name] != nil {
            name = prefix + "." + name
            target = nil
        }
        var plans: [Plan] = []
        plans.reserveCapacity(arguments.count + 1)
        if let target { plans.append(try plan(target)) }
        for argument in arguments { plans.append(try plan(argument)) }
        if let special = try operation(name, plans, offset) { return special }
        let callee = try callee(name, count: plans.count, node: node)
        if Self.conversions.contains(name), plans.count == 1, case .constant = plans[0] {
            return .constant(try Self.evaluate(.call(callee, plans, offset)))
        }
        return .call(callee, plans, offset)
    }

    /// Operators and functions that are not called like the rest.
    private func operation(_ name: String, _ plans: [Plan], _ offset: Int) throws(EvaluationFailure) -> Plan? {
        if let operation = Arithmetic(rawValue: name) { return .arithmetic(operation, plans[0], plans[1], offset) }
        switch (name, plans.count) {
        case ("_==_", 2): return .equal(plans[0], plans[1], isNegated: false, offset)
        case ("_!=_", 2): return .equal(plans[0], plans[1], isNegated: true, offset)
        case ("_<_", 2): return .compare(.less, plans[0], plans[1], offset)
        case ("_<=_", 2): return .compare(.lessOrEqual, plans[0], plans[1], offset)
        case ("_>_", 2): return .compare(.greater, plans[0], plans[1], offset)
        case ("_>=_", 2): return .compare(.greaterOrEqual, plans[0], plans[1], offset)
        case ("@in", 2): return .membership(plans[0], plans[1], offset)
        case ("!_", 1): return .not(plans[0], offset)
        case ("-_", 1): return .negate(plans[0], offset)
        case ("or", 2): return .optionalOr(plans[0], plans[1], isValue: false, offset)
        case ("orValue", 2): return .optionalOr(plans[0], plans[1], isValue: true, offset)
        case ("matches", 2): return try regex(.matches, plans, offset)
        case ("find", 2): return try regex(.find, plans, offset)
        case ("findAll", 2), ("findAll", 3): return try regex(.findAll, plans, offset)
        default: return nil
        }
    }

    /// Compiles a pattern once if it is a literal. A bad one is an error of the whole expression, as in the reference.
    private func regex(_ function: Plan.RegexFunction, _ plans: [Plan], _ offset: Int) throws(EvaluationFailure)
        -> Plan?
    {
        guard case .constant(.string(let pattern)) = plans[1] else { return nil }
        do throws(RegularExpressionError) {
            let expression = try RegularExpression(pattern)
            return .regex(expression, function, plans[0], limit: plans.count > 2 ? plans[2] : nil, offset)
        } catch {
            throw EvaluationFailure(.badRegex, error.description).located(at: offset)
        }
    }

    // MARK: Constants

    /// Functions that the reference calls once for all if their argument is a constant. If such a call fails, so
    /// does the expression, even where the call would not be reached.
    private static let conversions: Set<String> = [
        "bool", "bytes", "double", "dyn", "duration", "int", "string", "timestamp", "type", "uint",
    ]

    /// The value of a plan that reads nothing.
    private static func evaluate(_ plan: Plan) throws(EvaluationFailure) -> CELValue {
        var context = EvaluationContext(variables: [:] as [String: CELValue], locals: [], budget: .standard)
        return try plan.evaluate(&context)
    }

    /// The list, if all its elements are constants.
    private static func folded(_ elements: [Plan.Element]) -> Plan? {
        var values: [CELValue] = []
        for element in elements {
            guard !element.isOptional, case .constant(let value) = element.value else { return nil }
            values.append(value)
        }
        return .constant(.list(CELList(values)))
    }

    /// The map, if all its keys and values are constants.
    private static func folded(_ entries: [Plan.Entry]) -> Plan? {
        var result = CELMapEntries()
        for entry in entries {
            guard !entry.isOptional, case .constant(let key) = entry.key, case .constant(let value) = entry.value else {
                return nil
            }
            result.set(key, to: value)
        }
        return .constant(.map(CELMap(entries: result)))
    }

    /// Which implementation a call gets: the one that serves all signatures, the signature that the checker chose, the
    /// only one there is, or else the first that fits the values.
    private func callee(_ name: String, count: Int, node: SyntaxNode) throws(EvaluationFailure) -> Plan.Callee {
        guard let function = library[name] else {
            if count == 0 { throw EvaluationFailure.noSuchOverload(name).located(at: node.offset) }
            return .missing(name)
        }
        if let shared = function.shared {
            guard shared.takes(count) else { throw EvaluationFailure.noSuchOverload(name).located(at: node.offset) }
            return .shared(name, shared)
        }
        if let chosen = overloads[node.id] { return .one(name, function.overloads[chosen]) }
        if function.overloads.count == 1 {
            guard let body = function.overloads[0].implementation, body.takes(count) else {
                throw EvaluationFailure.noSuchOverload(name).located(at: node.offset)
            }
            return .one(name, function.overloads[0])
        }
        return .firstFitting(name, function.overloads)
    }
}
