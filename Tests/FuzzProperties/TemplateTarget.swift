import APIMachinery
import Expressions
import TestSupport

extension FuzzTarget {
    /// Texts with `${{ … }}`, alone and as a part of a document.
    static let template = FuzzTarget(
        name: "template",
        seeds: {
            try Golden.cases("cel.json").prefix(200).map { seed("a ${{ \($0.text("expr")) }} b") } + [
                seed("${{ x.c }}"), seed("a ${{ '}}' }} ${{ \"${{\" }}"), seed("${{ x.a[0] }}-${{ s }} $${{ }"),
                seed(#"{"a":"${{ i + 1 }}","b":["${{ x }}",{"c":"no template"}]}"#),
            ]
        },
        check: { bytes in
            let source = decoded(bytes)
            let values = FuzzTarget.variableValues
            if let template = try? Template(parsing: source) {
                for reference in template.references { try expect(!reference.path.isEmpty, "a reference to nothing") }
                let value = try? template.evaluate(values, budget: EvaluationBudget(200_000))
                if template.isConstant {
                    try expect(value == .string(source), "\(source) has no expression and becomes \(value?.text ?? "")")
                } else if let value, !template.isSingleExpression {
                    try expect(value.stringValue != nil, "\(source) is text and becomes \(value.text)")
                }
                let single = try? TemplateTree(parsing: .string(source)).expand(
                    values,
                    budget: EvaluationBudget(200_000)
                )
                try expect(single == value, "in a document it becomes something else")
            }
            _ = try? Template(parsing: source, declarations: FuzzTarget.variableTypes, checked: true)
            guard let json = try? JSONValue(parsing: bytes) else { return }
            _ = try? TemplateTree(parsing: json).expand(values, budget: EvaluationBudget(200_000))
        }
    )
}
