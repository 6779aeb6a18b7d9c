internal import APIMachinery

/// A version by the rules of semver.org.
struct SemanticVersion: Sendable {
    /// A part of a pre-release: numbers are compared as numbers and come before texts.
    private enum Identifier: Sendable {
        case number(UInt64)
        case text(String)
    }

    let major: UInt64
    let minor: UInt64
    let patch: UInt64
    private let preRelease: [Identifier]
    /// The version as it was written.
    let text: String

    /// Reads a version with exactly three numbers.
    init(parsing text: String) throws(EvaluationFailure) {
        func failure(_ reason: String) -> EvaluationFailure { EvaluationFailure(.invalidArgument, reason) }
        if text.isEmpty { throw failure("Version string empty") }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw failure("No Major.Minor.Patch elements found") }
        var rest = parts[2]
        var build: Substring?
        if let plus = rest.firstIndex(of: "+") {
            build = rest[rest.index(after: plus)...]
            rest = rest[..<plus]
        }
        var suffix: Substring?
        if let dash = rest.firstIndex(of: "-") {
            suffix = rest[rest.index(after: dash)...]
            rest = rest[..<dash]
        }
        guard let major = Self.number(parts[0]), let minor = Self.number(parts[1]), let patch = Self.number(rest) else {
            throw failure("\(GoText.quoted(text)) must begin with three numbers without leading zeros")
        }
        guard let preRelease = Self.identifiers(suffix, numbers: true), Self.identifiers(build, numbers: false) != nil
        else {
            throw failure("\(GoText.quoted(text)) has a bad pre-release or build identifier")
        }
        (self.major, self.minor, self.patch) = (major, minor, patch)
        self.preRelease = preRelease
        self.text = text
    }

    /// Reads a version that may begin with `v`, have leading zeros, or lack its last numbers.
    init(normalizing text: String) throws(EvaluationFailure) {
        let trimmed = text.hasPrefix("v") ? text.dropFirst() : text[...]
        var parts = trimmed.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map { part in
            guard part.utf8.count > 1 else { return String(part) }
            let digits = part.drop { $0 == "0" }
            guard let first = digits.utf8.first, first.isDigit else { return "0" + digits }
            return String(digits)
        }
        if parts.count < 3 {
            if let last = parts.last, last.contains("+") || last.contains("-") {
                throw EvaluationFailure(
                    .invalidArgument,
                    "short version cannot contain PreRelease/Build meta data"
                )
            }
            while parts.count < 3 { parts.append("0") }
        }
        try self.init(parsing: parts.joined(separator: "."))
    }

    /// A number without leading zeros.
    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), text.utf8.count == 1 || !text.hasPrefix("0") else {
            return nil
        }
        return UInt64(text)
    }

    /// The parts between dots, of letters, digits and dashes. Build identifiers are only looked at for form.
    private static func identifiers(_ text: Substring?, numbers: Bool) -> [Identifier]? {
        guard let text else { return [] }
        var result: [Identifier] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let isValid = part.utf8.allSatisfy {
                $0 == UInt8(ascii: "-") || ($0.isIdentifierStart && $0 != UInt8(ascii: "_")) || $0.isDigit
            }
            guard !part.isEmpty, isValid else { return nil }
            if numbers, part.utf8.allSatisfy(\.isDigit) {
                guard let number = number(part) else { return nil }
                result.append(.number(number))
            } else {
                result.append(.text(String(part)))
            }
        }
        return result
    }

    /// The order of versions. Build identifiers do not count; a pre-release comes before its release.
    func order(to other: SemanticVersion) -> Int {
        for (a, b) in [(major, other.major), (minor, other.minor), (patch, other.patch)] where a != b {
            return a < b ? -1 : 1
        }
        if preRelease.isEmpty || other.preRelease.isEmpty {
            return preRelease.isEmpty == other.preRelease.isEmpty ? 0 : preRelease.isEmpty ? 1 : -1
        }
        for (a, b) in zip(preRelease, other.preRelease) {
            let order: Int
            switch (a, b) {
            case (.number(let a), .number(let b)): order = a < b ? -1 : a > b ? 1 : 0
            case (.number, .text): order = -1
            case (.text, .number): order = 1
            case (.text(let a), .text(let b)): order = a.compareBytes(to: b).signum()
            }
            if order != 0 { return order }
        }
        return (preRelease.count - other.preRelease.count).signum()
    }
}

extension FunctionLibrary {
    private static let semver = CELType.opaque(OpaqueValue.semverType)

    /// Semantic versions.
    static let semverFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "semver",
            .global([.string], semver, .variadic(parse)),
            .global([.string, .bool], semver, .variadic(parse))
        ),
        FunctionDeclaration(
            "isSemver",
            .global([.string], .bool, .variadic(isValid)),
            .global([.string, .bool], .bool, .variadic(isValid))
        ),
        FunctionDeclaration("isGreaterThan", .member([semver, semver], .bool, two { .bool($0.order(to: $1) > 0) })),
        FunctionDeclaration("isLessThan", .member([semver, semver], .bool, two { .bool($0.order(to: $1) < 0) })),
        FunctionDeclaration("compareTo", .member([semver, semver], .int, two { .int(Int64($0.order(to: $1))) })),
        FunctionDeclaration("major", .member([semver], .int, one { .int(Int64(truncatingIfNeeded: $0.major)) })),
        FunctionDeclaration("minor", .member([semver], .int, one { .int(Int64(truncatingIfNeeded: $0.minor)) })),
        FunctionDeclaration("patch", .member([semver], .int, one { .int(Int64(truncatingIfNeeded: $0.patch)) })),
    ]

    /// `semver(text)` is strict; `semver(text, true)` also takes `v1.2` and `01.2.3`.
    private static let parse: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let text = try Strings.text(arguments, 0, &budget)
        let isNormalizing = arguments.count > 1 ? arguments[1].boolValue ?? false : false
        let version = try isNormalizing ? SemanticVersion(normalizing: text) : SemanticVersion(parsing: text)
        return .opaque(OpaqueValue(.semver(version)))
    }

    /// Whether `semver` would take the same arguments.
    private static let isValid: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        do throws(EvaluationFailure) {
            _ = try parse(arguments, &budget)
            return .bool(true)
        } catch {
            if error.code == .invalidArgument { return .bool(false) }
            throw error
        }
    }

    private static func version(_ value: CELValue) throws(EvaluationFailure) -> SemanticVersion {
        guard case .opaque(let opaque) = value, case .semver(let version) = opaque.content else {
            throw .noSuchOverload
        }
        return version
    }

    private static func one(_ body: @escaping @Sendable (SemanticVersion) -> CELValue) -> Implementation {
        .unary { value, _ throws(EvaluationFailure) in body(try version(value)) }
    }

    private static func two(_ body: @escaping @Sendable (SemanticVersion, SemanticVersion) -> CELValue)
        -> Implementation
    {
        .binary { left, right, _ throws(EvaluationFailure) in body(try version(left), try version(right)) }
    }
}
