import APIMachinery
import Schema
import Testing

/// String formats, with what the reference takes and refuses.
@Suite struct FormatTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let format: String
        let accepted: [String]
        let refused: [String]

        var testDescription: String { format }
    }

    static let examples: [Example] = [
        Example(
            format: "date-time",
            accepted: ["2020-01-02T03:04:05Z", "2020-01-02t03:04:05.5+02:00", "2020-02-29T23:59:59z"],
            refused: ["2020-01-02", "2020-01-02T24:00:00Z", "2020-02-30T00:00:00Z", "2020-01-02T03:04:05", ""]
        ),
        Example(format: "date", accepted: ["2020-02-29"], refused: ["2021-02-29", "2020-2-9", "20200101", ""]),
        Example(
            format: "duration",
            accepted: ["1h30m", "-5s", "0", "5 minutes", "2 days", "1.5h", "3µs"],
            refused: ["five minutes", "", "h", "5"]
        ),
        Example(
            format: "email",
            accepted: ["a@b", "a.b@example.com", "Somebody <a@b.c>", "\"a b\"@c"],
            refused: ["nobody", "a@", "@b", "a@b@c", "a..b@c", ""]
        ),
        Example(
            format: "hostname",
            accepted: ["a", "example.com", "a-b.example.com", "1a.de", "münchen.de"],
            refused: ["-bad-", "a_b.com", "example.c", "my-host", "", ".com"]
        ),
        Example(
            format: "ipv4",
            accepted: ["10.0.0.1", "010.0.0.1", "::ffff:1.2.3.4"],
            refused: ["256.0.0.1", "1.2.3", "::1", "1.2.3.4.5", ""]
        ),
        Example(
            format: "ipv6",
            accepted: ["::1", "2001:db8::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"],
            refused: ["1.2.3.4", "1:2:3", "1::2::3", "fe80::1%eth0", "12345::", ""]
        ),
        Example(
            format: "cidr",
            accepted: ["10.0.0.0/8", "2001:db8::/32", "10.0.0.1/08"],
            refused: ["10.0.0.0", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/x"]
        ),
        Example(
            format: "mac",
            accepted: ["01:23:45:67:89:ab", "01-23-45-67-89-AB", "0123.4567.89ab", "01:23:45:67:89:ab:cd:ef"],
            refused: ["01:23:45:67:89", "0123456789ab", "01:23:45:67:89:zz", ""]
        ),
        Example(
            format: "uri",
            accepted: ["http://foo.bar/#com", "/abs/path", "mailto:a@b.c", "http://u:p@h:80/?q", "http://foobar.中文网/"],
            refused: ["not a uri", "foobar.com", "", "./rel", "http://[::1", "http://h:x/", "http://a b/", "/%zz"]
        ),
        Example(
            format: "uuid",
            accepted: ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"],
            refused: ["123", "123e4567-e89b-12d3-a456-42661417400g"]
        ),
        Example(
            format: "uuid4",
            accepted: ["123e4567-e89b-42d3-a456-426614174000"],
            refused: ["123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-42d3-7456-426614174000"]
        ),
        Example(format: "byte", accepted: ["YWJj", "YQ==", "YWI="], refused: ["%%%", "", "YQ=", "YQ"]),
        Example(format: "hexcolor", accepted: ["#fff", "AABBCC"], refused: ["#ff", "#12FG"]),
        Example(
            format: "rgbcolor",
            accepted: ["rgb(0,31,255)", "rgb(0,  31, 255)"],
            refused: ["rgb(1,349,275)", "rgb(01,31,255)"]
        ),
        Example(
            format: "creditcard",
            accepted: ["4220855426222389", "3749-53669-708156"],
            refused: ["4220855426213389", "x"]
        ),
        Example(format: "isbn", accepted: ["3836221195", "978-3-8362-2119-1"], refused: ["3836221190", "foo"]),
        Example(format: "ssn", accepted: ["123-45-6789"], refused: ["123456789", "123-45-678"]),
        Example(format: "bsonobjectid", accepted: ["507f1f77bcf86cd799439011"], refused: ["507f1f77"]),
        Example(format: "password", accepted: ["", "anything"], refused: []),
        Example(format: "k8s-short-name", accepted: ["a-b1"], refused: ["A", "-a", ""]),
        Example(format: "k8s-long-name", accepted: ["a.b-c"], refused: ["a..b", "a_b"]),
        Example(format: "no-such-format", accepted: ["", "anything"], refused: []),
    ]

    @Test("Formats take what the reference takes", arguments: examples)
    func formats(_ example: Example) {
        let schema = StructuralSchema(.string(format: example.format))
        for text in example.accepted {
            #expect(SchemaValidator.validate(.string(text), schema) == [], "\(example.format) \(text)")
        }
        for text in example.refused {
            #expect(!SchemaValidator.validate(.string(text), schema).isEmpty, "\(example.format) \(text)")
        }
    }
}
