internal import APIMachinery

extension FunctionLibrary {
    /// Every type converts to itself.
    private static func identity(_ type: CELType) -> Overload {
        .global([type], type, .unary { value, _ throws(EvaluationFailure) in value })
    }

    /// A conversion whose body gives `nil` for a value that cannot be converted, which is an error of one wording.
    private static func convert(
        _ from: CELType,
        _ to: CELType,
        _ body: @escaping @Sendable (CELValue) throws(EvaluationFailure) -> CELValue?
    ) -> Overload {
        .global(
            [from],
            to,
            .unary { value, budget throws(EvaluationFailure) in
                if case .string(let text) = value { try budget.charge(size: text.utf8.count) }
                if let result = try body(value) { return result }
                throw .badConversion(from: value.typeName, to: Conversions.name(to))
            }
        )
    }

    /// `int(…)`, `string(…)` and so on.
    static let conversions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "type",
            [.global([.parameter("A")], .type(.parameter("A")))],
            shared: .unary { value, _ throws(EvaluationFailure) in .type(value.typeName) }
        ),
        FunctionDeclaration(
            "dyn",
            [.global([.parameter("A")], .dyn)],
            shared: .unary { value, _ throws(EvaluationFailure) in value }
        ),
        FunctionDeclaration("bool", identity(.bool), convert(.string, .bool, Conversions.bool)),
        FunctionDeclaration("bytes", identity(.bytes), convert(.string, .bytes, Conversions.bytes)),
        FunctionDeclaration(
            "double",
            identity(.double),
            convert(.int, .double, Conversions.double),
            convert(.string, .double, Conversions.double),
            convert(.uint, .double, Conversions.double)
        ),
        FunctionDeclaration(
            "int",
            identity(.int),
            convert(.double, .int, Conversions.int),
            convert(.duration, .int, Conversions.int),
            convert(.string, .int, Conversions.int),
            convert(.timestamp, .int, Conversions.int),
            convert(.uint, .int, Conversions.int)
        ),
        FunctionDeclaration(
            "uint",
            identity(.uint),
            convert(.double, .uint, Conversions.uint),
            convert(.int, .uint, Conversions.uint),
            convert(.string, .uint, Conversions.uint)
        ),
        FunctionDeclaration(
            "string",
            identity(.string),
            convert(.bool, .string, Conversions.string),
            convert(.bytes, .string, Conversions.string),
            convert(.double, .string, Conversions.string),
            convert(.duration, .string, Conversions.string),
            convert(.int, .string, Conversions.string),
            convert(.timestamp, .string, Conversions.string),
            convert(.uint, .string, Conversions.string)
        ),
        FunctionDeclaration(
            "duration",
            identity(.duration),
            // Declared, though it has no meaning: the reference refuses it when it is evaluated.
            convert(.int, .duration) { _ throws(EvaluationFailure) in nil },
            convert(.string, .duration, Conversions.duration)
        ),
        FunctionDeclaration(
            "timestamp",
            identity(.timestamp),
            convert(.int, .timestamp, Conversions.timestamp),
            convert(.string, .timestamp, Conversions.timestamp)
        ),
    ]
}

/// What the conversion functions do; `nil` is a value that cannot be converted.
enum Conversions {
    /// The type as conversion errors name it.
    static func name(_ type: CELType) -> String {
        switch type {
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        default: type.description
        }
    }

    /// The spellings that Go takes for a boolean; nothing else, so that "yes" is not silently true.
    static func bool(_ value: CELValue) -> CELValue? {
        guard case .string(let text) = value else { return nil }
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
        case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
        default: return nil
        }
    }

    static func bytes(_ value: CELValue) -> CELValue? {
        guard case .string(let text) = value else { return nil }
        return .bytes(Array(text.utf8))
    }

    /// Integers beyond 53 bits lose their last digits here, as everywhere in floating point.
    static func double(_ value: CELValue) -> CELValue? {
        switch value {
        case .int(let number): .double(Double(number))
        case .uint(let number): .double(Double(number))
        case .string(let text): NumberText.double(text).map { .double($0) }
        default: nil
        }
    }

    /// Fractions are cut off; moments become their seconds since 1970, durations their nanoseconds.
    static func int(_ value: CELValue) throws(EvaluationFailure) -> CELValue? {
        switch value {
        case .double(let number):
            // The edges themselves are refused, because doubles next to them are rounded ones.
            guard number > -0x1p63, number < 0x1p63 else { throw Arithmetic.overflow }
            return .int(Int64(clamping: number))
        case .duration(let nanoseconds): return .int(nanoseconds)
        case .string(let text): return NumberText.int(text).map { .int($0) }
        case .timestamp(let moment): return .int(moment.instant.seconds)
        case .uint(let number):
            guard let result = Int64(exactly: number) else { throw Arithmetic.overflow }
            return .int(result)
        default: return nil
        }
    }

    /// Negative numbers have no counterpart, also those that would round to zero.
    static func uint(_ value: CELValue) throws(EvaluationFailure) -> CELValue? {
        switch value {
        case .double(let number):
            guard number >= 0, number < 0x1p64 else { throw Arithmetic.unsignedOverflow }
            return .uint(UInt64(clamping: number))
        case .int(let number):
            guard let result = UInt64(exactly: number) else { throw Arithmetic.unsignedOverflow }
            return .uint(result)
        case .string(let text): return NumberText.uint(text).map { .uint($0) }
        default: return nil
        }
    }

    /// Numbers as Go prints them; bytes only if they are valid UTF-8.
    static func string(_ value: CELValue) throws(EvaluationFailure) -> CELValue? {
        switch value {
        case .bool, .double, .duration, .int, .timestamp, .uint: return .string(value.summary)
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw EvaluationFailure(.badConversion, "invalid UTF-8 in bytes, cannot convert to string")
            }
            return .string(text)
        default: return nil
        }
    }

    /// Hours, minutes, seconds and their fractions; there are no days, whose length depends on the calendar.
    static func duration(_ value: CELValue) -> CELValue? {
        guard case .string(let text) = value else { return nil }
        return DurationText.nanoseconds(text).map { .duration(nanoseconds: $0) }
    }

    /// RFC 3339 or seconds since 1970, within the years 1 to 9999.
    static func timestamp(_ value: CELValue) throws(EvaluationFailure) -> CELValue? {
        switch value {
        case .int(let seconds):
            guard ZonedTimestamp.range.contains(seconds) else { throw Arithmetic.timestampOverflow }
            return .timestamp(ZonedTimestamp(Timestamp(seconds: seconds), offsetSeconds: 0))
        case .string(let text):
            guard let moment = try ZonedTimestamp(rfc3339: text) else { return nil }
            return .timestamp(moment)
        default: return nil
        }
    }
}
