import APIMachinery

/// Values at and beyond the edges of what the plane takes.
enum FuzzValues {
    static let integers: [Int64] = [
        0, 1, -1, 2, 3, 10, 100, 1000, 1024, 1025, 86_400, 100_000, 1 << 20, 1 << 31, (1 << 31) - 1, -(1 << 31),
        1 << 32,
        1 << 53, .max, .max - 1, .min, .min + 1, 9_007_199_254_740_993, 315_576_000_000, 253_402_300_800,
    ]
    static let doubles: [Double] = [
        0, -0.0, 0.1, -0.1, 0.5, 1, 1e-300, .leastNonzeroMagnitude, 1e9, 1e15, 1e17, 1e18, 9.3e18, 1e19, 1e300,
        .greatestFiniteMagnitude, -1e300, 0.001, 86_400.5,
    ]
    static let strings: [String] = [
        "", "a", "A", "-", ".", "..", "/", "a b", "a..b", "a/b", "a.b/c", "default", "fuzz", "f0", "f1", "*", "\u{0}",
        "\u{FEFF}", "e\u{301}", "\u{1F600}", "\u{202E}x", "\u{10FFFF}", "null", "true", "NaN", "Infinity", "1e300",
        "1E400", "-1", "-0.0", "9223372036854775808", "1Ei", "100E", "1e-30", "0.0000000001", "150%", "-5%",
        "99999999999999999999%", "2027-01-15T08:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z", "2027-02-30T00:00:00+14:00", "kubernetes.io/hostname", "app=x,y in (z)", "PT1S", "1h",
        "-1h", "99999999h", "1ns", "Always", "Never", "RollingUpdate", "Recreate", "True", "http", "exec", "sleep",
        String(repeating: "x", count: 300), String(repeating: "9", count: 400), String(repeating: "ä", count: 5000),
        String(repeating: "a-", count: 126) + "a", String(repeating: "a.", count: 126) + "a",
    ]
    static let expressions: [String] = [
        "${{ params.x }}", "${{ steps.a.output }}", "${{ 1 / 0 }}", "${{ steps.a.output.b[0] }}", "{{", "${{", "}}",
        "${{ params }}${{ steps }}", "${{ [1,2,3].map(i, [1,2,3].map(j, i * j)) }}", "steps.a.phase == 'Succeeded'",
        "steps.a.output[9223372036854775807]", "9223372036854775807 + 1", "-(-9223372036854775807 - 1)",
        "[1, 2, 3].map(x, x * 9223372036854775807)", "'a'.matches('(a*)*b')", "size('x') > 0", "true", "1", "params.x",
        "int(1e300)", "double('NaN') > 0.0", "uint(-1)", "-9223372036854775808 / -1", "-9223372036854775808 % -1",
        "duration('9223372036s') + duration('9223372036s') > duration('1s')", "timestamp('0001-01-01T00:00:00Z') < now",
        "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('0s')",
        "'%d'.format([9223372036854775807]) == ''", "[1].slice(-1, 5) == []", "'abc'.substring(5) == ''",
        "'x'.charAt(-1) == ''", "lists.range(1000000000).size() > 0", "quantity('1e300').asInteger() > 0",
        "has(params.x) ? params.x : steps", "b'\\xff' == b''", "self.n < 10", "oldSelf.n == self.n",
        String(repeating: "(", count: 300), String(repeating: "!", count: 2000) + "true",
        String(repeating: "[", count: 120) + String(repeating: "]", count: 120) + " == []",
        (0..<200).map { "x\($0)" }.joined(separator: " + "),
    ]

    /// Lists and objects within each other, that many levels.
    static func nested(_ depth: Int) -> JSONValue {
        var value: JSONValue = .int(1)
        for level in 0..<depth { value = level % 2 == 0 ? .array([value]) : .object(["a": value]) }
        return value
    }
}
