/// The syntax rules for names, keys and values that every Kubernetes object obeys.
///
/// Every function gives the reasons why the value is refused, in the words of `k8s.io/apimachinery`; an empty
/// list means that it is valid. The texts are what `kubectl` shows, so they are kept to the letter.
public enum Validation {
    // MARK: Names of objects

    /// Names of most objects: an RFC 1123 subdomain of at most 253 bytes.
    public static func dns1123Subdomain(_ value: String) -> [String] {
        subdomain(value, tooLong: "must be no more than 253 characters")
    }

    /// Names of namespaces: an RFC 1123 label of at most 63 bytes.
    public static func dns1123Label(_ value: String) -> [String] {
        var errors: [String] = []
        if value.utf8.count > 63 { errors.append("must be no more than 63 characters") }
        if !Syntax.isDNSLabel(value.utf8[...]) {
            errors.append(
                Syntax.isDNSSubdomain(value)
                    ? "must not contain dots"
                    : refusal(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                            + "and must start and end with an alphanumeric character",
                        pattern: Pattern.dnsLabel,
                        examples: "my-name",
                        "123-abc"
                    )
            )
        }
        return errors
    }

    /// Names of services: an RFC 1035 label, which begins with a letter.
    public static func dns1035Label(_ value: String) -> [String] {
        var errors: [String] = []
        if value.utf8.count > 63 { errors.append("must be no more than 63 characters") }
        let startsWithLetter = value.utf8.first.map(Syntax.isLowerLetter) ?? false
        if !startsWithLetter || !Syntax.isDNSLabel(value.utf8[...]) {
            errors.append(
                refusal(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                        + "alphabetic character, and end with an alphanumeric character",
                    pattern: "[a-z]([-a-z0-9]*[a-z0-9])?",
                    examples: "my-name",
                    "abc-123"
                )
            )
        }
        return errors
    }

    /// Names that need only be safe as a segment of a URL's path.
    public static func pathSegment(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["may not be '\(value)'"] }
        return pathSegmentPrefix(value)
    }

    /// A prefix to which something is going to be appended, to become a path segment.
    public static func pathSegmentPrefix(_ value: String) -> [String] {
        ["/", "%"].filter { value.contains($0) }.map { "may not contain '\($0)'" }
    }

    /// `metadata.generateName` for names obeying the rule: what it ends with does not matter, as more follows.
    public static func generateName(
        _ value: String,
        rule: (String) -> [String] = Validation.dns1123Subdomain
    ) -> [String] {
        guard value.utf8.count > 1, value.utf8.last == UInt8(ascii: "-") else { return rule(value) }
        // The reference replaces the dash and the character before it by one letter.
        return rule(String(value.unicodeScalars.dropLast(2).map(Character.init)) + "a")
    }

    // MARK: Keys and values

    /// Keys of labels and annotations, condition types, finalizers: `[subdomain/]name`.
    public static func qualifiedName(_ value: String) -> [String] {
        var errors: [String] = []
        let parts = value.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let syntax = refusal(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                + "alphanumeric character",
            pattern: Pattern.labelKey,
            examples: "MyName",
            "my.name",
            "123-abc"
        )
        if parts.count > 2 {
            return [
                "a valid label key \(syntax) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        if parts.count == 2 {
            let prefix = String(Substring(parts[0]))
            if prefix.isEmpty {
                errors.append("prefix part must be non-empty")
            } else {
                errors += subdomain(prefix, tooLong: "must be no more than 253 bytes").map { "prefix part \($0)" }
            }
        }
        let name = parts[parts.count - 1]
        if name.isEmpty {
            errors.append("name part must be non-empty")
        } else if name.count > 63 {
            errors.append("name part must be no more than 63 bytes")
        }
        if !Syntax.isLabelName(name) { errors.append("name part \(syntax)") }
        return errors
    }

    /// Values of labels.
    public static func labelValue(_ value: String) -> [String] {
        var errors: [String] = []
        if value.utf8.count > 63 { errors.append("must be no more than 63 bytes") }
        if !value.isEmpty, !Syntax.isLabelName(value.utf8[...]) {
            errors.append(
                refusal(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                        + "and must start and end with an alphanumeric character",
                    pattern: "(\(Pattern.labelKey))?",
                    examples: "MyValue",
                    "my_value",
                    "12345"
                )
            )
        }
        return errors
    }

    /// Keys of the data of ConfigMaps and Secrets.
    public static func configMapKey(_ value: String) -> [String] {
        var errors: [String] = []
        if value.utf8.count > 253 { errors.append("must be no more than 253 characters") }
        if value.isEmpty || !value.utf8.allSatisfy(Syntax.isNameByte) {
            errors.append(
                refusal(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                    pattern: "[-._a-zA-Z0-9]+",
                    examples: "key.name",
                    "KEY_NAME",
                    "key-name"
                )
            )
        }
        return errors + parentDirectory(value)
    }

    // MARK: Parts of Pods

    /// Names of environment variables, by the strict rule that shells understand.
    public static func environmentVariableName(_ value: String) -> [String] {
        let startsWell = value.utf8.first.map { Syntax.isNameByte($0) && !Syntax.isDigit($0) } ?? false
        var errors: [String] = []
        if !startsWell || !value.utf8.allSatisfy(Syntax.isNameByte) {
            errors.append(
                refusal(
                    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or "
                        + "'.', and must not start with a digit",
                    pattern: "[-._a-zA-Z][-._a-zA-Z0-9]*",
                    examples: "my.env-name",
                    "MY_ENV.NAME",
                    "MyEnvName1"
                )
            )
        }
        return errors + parentDirectory(value)
    }

    /// Names of environment variables by the rule in force: printable ASCII without `=`.
    public static func relaxedEnvironmentVariableName(_ value: String) -> [String] {
        if value.isEmpty { return ["environment variable name must be non-empty"] }
        guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }) else {
            return [
                "a valid environment variable name must consist only of printable ASCII characters other than '='"
            ]
        }
        return []
    }

    /// Names of ports: at most 15 of `[-a-z0-9]`, with a letter.
    public static func portName(_ value: String) -> [String] {
        var errors: [String] = []
        let bytes = Array(value.utf8)
        let dash = UInt8(ascii: "-")
        if bytes.count > 15 { errors.append("must be no more than 15 characters") }
        if bytes.isEmpty || !bytes.allSatisfy({ Syntax.isLowerAlphanumeric($0) || $0 == dash }) {
            errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !bytes.contains(where: Syntax.isLowerLetter) { errors.append("must contain at least one letter (a-z)") }
        if zip(bytes, bytes.dropFirst()).contains(where: { $0 == dash && $1 == dash }) {
            errors.append("must not contain consecutive hyphens")
        }
        if bytes.first == dash || bytes.last == dash { errors.append("must not begin or end with a hyphen") }
        return errors
    }

    /// Port numbers: 1 to 65535.
    public static func portNumber(_ value: Int64) -> [String] {
        (1...65535).contains(value) ? [] : ["must be between 1 and 65535, inclusive"]
    }

    /// Percentages, as `maxSurge` has them: digits and `%`.
    public static func percent(_ value: String) -> [String] {
        let bytes = value.utf8
        guard bytes.count > 1, bytes.last == UInt8(ascii: "%"), bytes.dropLast().allSatisfy(Syntax.isDigit) else {
            return [
                refusal(
                    "a valid percent string must be a numeric string followed by an ending '%'",
                    pattern: "[0-9]+%",
                    examples: "1%",
                    "93%"
                )
            ]
        }
        return []
    }

    /// Identifiers of C.
    public static func cIdentifier(_ value: String) -> [String] {
        let underscore = UInt8(ascii: "_")
        let startsWell = value.utf8.first.map { Syntax.isLetter($0) || $0 == underscore } ?? false
        if startsWell, value.utf8.allSatisfy({ Syntax.isAlphanumeric($0) || $0 == underscore }) { return [] }
        return [
            refusal(
                "a valid C identifier must start with alphabetic character or '_', followed by a string of "
                    + "alphanumeric characters or '_'",
                pattern: "[A-Za-z_][A-Za-z0-9_]*",
                examples: "my_name",
                "MY_NAME",
                "MyName"
            )
        ]
    }

    // MARK: Wording

    private enum Pattern {
        static let dnsLabel = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
        static let dnsSubdomain = "\(dnsLabel)(\\.\(dnsLabel))*"
        static let labelKey = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    }

    private static func subdomain(_ value: String, tooLong: String) -> [String] {
        var errors: [String] = []
        if value.utf8.count > 253 { errors.append(tooLong) }
        if !Syntax.isDNSSubdomain(value) {
            errors.append(
                refusal(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                        + "and must start and end with an alphanumeric character",
                    pattern: Pattern.dnsSubdomain,
                    examples: "example.com"
                )
            )
        }
        return errors
    }

    private static func refusal(_ message: String, pattern: String, examples: String...) -> String {
        let list = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(message) (e.g. \(list)regex used for validation is '\(pattern)')"
    }

    /// Keys become names of files in volumes, which must not lead out of their directory.
    private static func parentDirectory(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["must not be '\(value)'"] }
        return value.utf8.starts(with: "..".utf8) ? ["must not start with '..'"] : []
    }
}
