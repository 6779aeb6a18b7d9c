import APIMachinery
import KubeYAML
import Testing

@Suite struct YAMLTests {
    private func kind(_ text: String, strict: Bool = false, limits: YAML.Limits = YAML.Limits()) -> YAMLError.Kind? {
        do {
            _ = try YAML.toJSON(Array(text.utf8), strict: strict, limits: limits)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test(arguments: [
        ("a: *x\n", YAMLError.Kind.unknownAnchor), ("a: &x [*x]\n", .recursiveAnchor),
        ("a: &x {b: {<<: *x}}\n", .recursiveAnchor), ("a: &x {<<: *x}\n", .recursiveAnchor),
        ("a: [b\n", .syntax), ("a: \"\u{1}\"\n", .syntax), ("? [a]\n: 1\n", .badKey), ("{{a}: 1}: 2\n", .badKey),
        ("a: -.inf\n", .notJSON), ("[.nan, 1]\n", .notJSON), ("a: !!int 1.5\n", .badValue),
        ("a: !!null x\n", .badValue),
        ("a: !!timestamp 2024-02-30\n", .badValue), ("a: !!float x\n", .badValue), ("a: !!int 0x\n", .badValue),
        ("<<: x\n", .badMerge), ("<<: [{a: 1}, [b]]\n", .badMerge), ("a: [b?c]\n", .syntax), ("a: {b?c: d}\n", .syntax),
    ])
    func faults(text: String, expected: YAMLError.Kind) {
        #expect(kind(text) == expected, "\(text)")
    }

    @Test(arguments: [
        ("{a:, b:}", #"{"a:":null,"b:":null}"#), ("[a:, 'b':]", #"["a:",{"b":null}]"#), ("{it's:}", #"{"it's:":null}"#),
        ("1.5: a\n1000000.0: b\n0.00001: c\n1234567.0: d\n1e39: e\n-.inf: f", nil),
        (
            "a: 0b1111_0000\nb: -0b11\nc: 0o17\nd: 0O17\ne: 0B1\nf: +12\ng: 1__0\n",
            #"{"a":240,"b":-3,"c":15,"d":15,"e":1,"f":12,"g":10}"#
        ),
        (
            "- +18446744073709551615\n- 0x\n- 0b\n- 08.5\n- 1e5_0\n- +.e1\n- .5e1\n- 5.e1\n- 0_8\n- '1'\n- 0b12\n- 0xfg\n",
            nil
        ),
        ("- !!timestamp 2024-02-29\n- !!timestamp 2024-1-2T3:4:5Z\n- !!timestamp 2024-01-02 03:04:05.5\n", nil),
        ("a: !!binary |\n  aGVs\n  bG8=\n", #"{"a":"hello"}"#), ("! 1", #""1""#), ("a: !!float 3\n", #"{"a":3}"#),
        ("\u{FEFF}a: 1\n", #"{"a":1}"#),
        ("a: !!seq []\nb: !!map {}\nc: !!str\nd: !!str ~\n", #"{"a":[],"b":{},"c":"","d":"~"}"#),
        ("%YAML 1.1\n---\na: b\n...\n", #"{"a":"b"}"#),
    ])
    func reading(text: String, json: String?) throws {
        let read = try YAML.toJSON(text.utf8)
        if let json { #expect(String(decoding: read, as: UTF8.self) == json, "\(text)") }
        #expect(try YAML.parse(text) == JSONValue(parsing: read))
    }

    @Test func numbersAsKeys() throws {
        let text =
            "1.5: a\n1000000.0: b\n0.00001: c\n1234567.0: d\n1e39: e\n-.inf: f\n123456.0: g\n0.0001: h\n-0.0: i\n"
        let names = ["-.inf", "-0", ".inf", "0.0001", "1.234567e+06", "1.5", "123456", "1e+06", "1e-05"]
        #expect(try YAML.parse(text).objectValue?.keys == names)
    }

    @Test func strictLooksAtTypedKeys() throws {
        #expect(kind("{1: a, '1': b}", strict: true) == nil)
        #expect(kind("{1: a, 0x1: b}", strict: true) == .duplicateKey)
        #expect(kind("{yes: a, on: b}", strict: true) == .duplicateKey)
        #expect(try YAML.parse("{yes: a, on: b}") == ["true": "b"])
        // The graver fault is told.
        #expect(kind("{a: 1, a: 2, ~: 3}", strict: true) == .duplicateKey)
        #expect(kind("{a: 1, a: .inf, ~: 3}") == .badKey)
    }

    @Test func aliasesDoNotExplode() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(kind(bomb) == .limit)
        var deep = "a0: &a0 [x]\n"
        for level in 1...600 { deep += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(kind(deep) == .limit)
        let long =
            "a: &a \(String(repeating: "x", count: 1 << 20))\nb: [\(Array(repeating: "*a", count: 90).joined(separator: ", "))]\n"
        #expect(kind(long) == .limit)
    }

    @Test func depthAndSizeAreBounded() {
        #expect(kind(String(repeating: "[", count: 100_000)) == .limit)
        #expect(kind(String(repeating: "{a: ", count: 100_000)) == .limit)
        #expect(kind(String(repeating: "- ", count: 100_000)) == .limit)
        #expect(kind(String(repeating: "[", count: 512) + String(repeating: "]", count: 512)) == nil)
        var limits = YAML.Limits()
        limits.bytes = 3
        #expect(kind("a: 1", limits: limits) == .limit)
        #expect(kind("a", limits: limits) == nil)
    }

    @Test func streamsLeaveOutEmptyDocuments() throws {
        let text = "# nothing\n---\na: 1\r\n---\n---\nb: 2\n--- # end\n"
        #expect(try YAML.parseStream(text.utf8) == [["a": 1], ["b": 2]])
        #expect(try YAML.parseStream("".utf8).isEmpty)
        #expect(throws: YAMLError.self) { try YAML.parseStream("a: 1\n--- x\n".utf8) }
    }

    @Test func errorsNameTheLine() {
        #expect(throws: YAMLError(kind: .syntax, message: "line 3: mapping values are not allowed in this context")) {
            try YAML.parse("a: 1\nb:\n  c: d: e\n")
        }
    }

    @Test func writesInTheStyleOfKubectl() {
        let value: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "x", "creationTimestamp": "2026-01-02T03:04:05Z", "labels": ["on": "yes", "n": "5"]],
            "data": ["file": "#!/bin/sh\necho hi\n", "empty": "", "colon": "a: b", "tab": "a\tb", "two": "a\n\n"],
            "list": [["a": 1, "b": [true, .null]], "--flag", [[1], []], [:]], "number": 1.5, "whole": .double(3),
        ]
        let text = """
            apiVersion: v1
            data:
              colon: 'a: b'
              empty: ""
              file: |
                #!/bin/sh
                echo hi
              tab: "a\\tb"
              two: |+
                a

            kind: ConfigMap
            list:
            - a: 1
              b:
              - true
              - null
            - --flag
            - - - 1
              - []
            - {}
            metadata:
              creationTimestamp: "2026-01-02T03:04:05Z"
              labels:
                "n": "5"
                "on": "yes"
              name: x
            number: 1.5
            whole: 3

            """
        #expect(YAML.text(of: value) == text)
    }
}
