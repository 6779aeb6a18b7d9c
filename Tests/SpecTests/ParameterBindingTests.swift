import APIMachinery
import Spec
import Testing

/// From what a run is given to what it gets.
@Suite struct ParameterBindingTests {
    static let declared = [
        Parameter(name: "threshold", default: 1), Parameter(name: "ratio", default: 0.5),
        Parameter(name: "strict", default: true), Parameter(name: "who", default: "world"),
        Parameter(name: "paths", default: ["."]), Parameter(name: "options", default: [:]),
        Parameter(name: "free", required: false), Parameter(name: "nothing", default: .null),
    ]

    @Test(
        "A text becomes a value of the default's type",
        arguments: [
            ("threshold", "3", 3), ("threshold", "2.5", 2.5), ("ratio", "1", 1), ("strict", "false", false),
            ("who", "3", "3"), ("who", "true", "true"), ("paths", #"["a","b"]"#, ["a", "b"]),
            ("options", #"{"a":1}"#, ["a": 1]),
            ("free", "3", "3"), ("nothing", "3", "3"),
        ] as [(String, String, JSONValue)]
    )
    func text(_ name: String, _ text: String, _ expected: JSONValue) throws {
        let parameter = try #require(Self.declared.first { $0.name == name })
        #expect(try ParameterBinding.value(of: text, for: parameter, at: FieldPath("params").child(name)) == expected)
    }

    @Test(
        "A text that is no such value is refused",
        arguments: [
            ("threshold", "three", "must be a number, as its default is 1"), ("threshold", "", "must be a number"),
            ("threshold", "NaN", "must be a number"),
            ("strict", "yes", "must be true or false, as its default is true"),
            ("paths", "a", "must be a list, as its default is [\".\"]"), ("options", "[]", "must be an object"),
        ]
    )
    func wrongText(_ name: String, _ text: String, _ message: String) throws {
        let parameter = try #require(Self.declared.first { $0.name == name })
        let error = #expect(throws: FieldError.self) {
            try ParameterBinding.value(of: text, for: parameter, at: FieldPath("params").child(name))
        }
        #expect(error?.field == "params.\(name)")
        #expect(error?.body.contains(message) == true, "\(error?.body ?? "")")
    }

    @Test(
        "A value of another type is refused, with field, value and remedy",
        arguments: [
            (
                ["threshold": "3"],
                "params.threshold: Invalid value: \"3\": must be a number, as its default is 1: found string"
            ),
            (
                ["strict": 1],
                "params.strict: Invalid value: 1: must be true or false, as its default is true: found integer"
            ),
            (
                ["who": .null],
                "params.who: Invalid value: null: must be a text, as its default is \"world\": found null"
            ),
        ] as [(JSONObject, String)]
    )
    func wrongType(_ given: JSONObject, _ message: String) {
        let (_, errors) = ParameterBinding.complete(given, declared: Self.declared, at: FieldPath("params"))
        #expect(errors.map(\.description) == [message])
    }

    @Test("What fits is taken, what is missing is filled in")
    func complete() {
        let given: JSONObject = ["threshold": 2.5, "ratio": 1, "free": [1], "nothing": "x"]
        let (params, errors) = ParameterBinding.complete(given, declared: Self.declared, at: FieldPath("params"))
        #expect(errors == [])
        #expect(params["threshold"] == 2.5 && params["who"] == "world" && params["free"] == [1])
    }

    @Test("A value nested too deep is refused where it enters, in a default too")
    func depth() throws {
        var deep: JSONValue = 1
        for _ in 0...JSONValue.maximumValueDepth { deep = [deep] }
        let (_, errors) = ParameterBinding.complete(["free": deep], declared: Self.declared, at: FieldPath("params"))
        #expect(
            errors.count == 1
                && errors[0].description.contains("params.free: Invalid value: \"array\": is nested more than 200 deep")
        )
        var workflow = try Manifest.workflow("{params: [{name: x}], steps: [{id: a, actor: noop}]}")
        workflow.spec.params?[0].default = deep
        #expect(WorkflowValidation.validate(workflow).map(\.field) == ["spec.params[0].default"])
    }
}
