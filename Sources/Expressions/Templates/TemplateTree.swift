public import APIMachinery

/// A JSON document in which every string may be a template, compiled once: the `with` of a step.
public struct TemplateTree: Sendable {
    private indirect enum Node: Sendable {
        /// A part without any expression, shared as it is.
        case constant(JSONValue)
        case template(Template, path: String)
        case array([Node])
        case object([(key: String, value: Node)])
    }

    private let root: Node
    /// What the expressions in the document read.
    public let references: [Reference]

    /// Compiles the templates in a document. Names of members are taken as they are.
    public init(
        parsing json: JSONValue,
        declarations: [String: CELType] = [:],
        checked: Bool = false
    ) throws(TemplateError) {
        var references: [Reference] = []
        root = try Self.compile(json, "", declarations, checked, &references)
        self.references = references
    }

    /// The document with every template replaced by its value.
    public func expand(
        _ variables: some Activation,
        budget: EvaluationBudget = .standard
    ) throws(TemplateError) -> JSONValue {
        var budget = budget
        return try Self.expand(root, variables, &budget)
    }

    /// Compiles a part of the document; what contains no template at all stays one constant, which expanding shares
    /// instead of copying it.
    private static func compile(
        _ json: JSONValue,
        _ path: String,
        _ declarations: [String: CELType],
        _ checked: Bool,
        _ references: inout [Reference]
    ) throws(TemplateError) -> Node {
        switch json {
        case .string(let text):
            do throws(TemplateError) {
                let template = try Template(parsing: text, declarations: declarations, checked: checked)
                if template.isConstant { return .constant(json) }
                references.append(contentsOf: template.references)
                return .template(template, path: path)
            } catch {
                throw error.located(at: path)
            }
        case .array(let elements):
            var nodes: [Node] = []
            for (index, element) in elements.enumerated() {
                nodes.append(try compile(element, "\(path)[\(index)]", declarations, checked, &references))
            }
            return isConstant(nodes) ? .constant(json) : .array(nodes)
        case .object(let object):
            var nodes: [(key: String, value: Node)] = []
            for (key, value) in object {
                let inner = path.isEmpty ? key : "\(path).\(key)"
                nodes.append((key, try compile(value, inner, declarations, checked, &references)))
            }
            return isConstant(nodes.map(\.value)) ? .constant(json) : .object(nodes)
        case .null, .bool, .int, .double:
            return .constant(json)
        }
    }

    private static func isConstant(_ nodes: [Node]) -> Bool {
        nodes.allSatisfy { node in if case .constant = node { true } else { false } }
    }

    private static func expand(
        _ node: Node,
        _ variables: some Activation,
        _ budget: inout EvaluationBudget
    ) throws(TemplateError) -> JSONValue {
        switch node {
        case .constant(let json): return json
        case .template(let template, let path):
            do throws(TemplateError) {
                return try template.evaluate(variables, spending: &budget)
            } catch {
                throw error.located(at: path)
            }
        case .array(let nodes):
            var elements: [JSONValue] = []
            elements.reserveCapacity(nodes.count)
            for node in nodes { elements.append(try expand(node, variables, &budget)) }
            return .array(elements)
        case .object(let nodes):
            var object = JSONObject()
            object.reserveCapacity(nodes.count)
            for (key, value) in nodes { object.updateValue(try expand(value, variables, &budget), forKey: key) }
            return .object(object)
        }
    }
}

extension TemplateError {
    /// The same error with the place of the template in its document.
    func located(at path: String) -> TemplateError {
        var result = self
        result.path = path
        return result
    }
}

extension Template {
    /// Expands every string of a JSON document that is a template. For one that is expanded again and again,
    /// keep a `TemplateTree`.
    public static func expand(
        json: JSONValue,
        _ variables: some Activation,
        budget: EvaluationBudget = .standard
    ) throws(TemplateError) -> JSONValue {
        try TemplateTree(parsing: json).expand(variables, budget: budget)
    }
}
