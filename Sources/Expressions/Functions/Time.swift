internal import APIMachinery

extension FunctionLibrary {
    /// The parts of timestamps, in UTC or a given zone, and of durations.
    static let timeFunctions: [FunctionDeclaration] = [
        part("getFullYear") { $0.year },
        part("getMonth") { $0.month - 1 },
        part("getDayOfYear") { $0.dayOfYear },
        part("getDayOfMonth") { $0.day - 1 },
        part("getDate") { $0.day },
        part("getDayOfWeek") { $0.dayOfWeek },
        part("getHours", whole: { $0 / 3_600_000_000_000 }) { $0.hour },
        part("getMinutes", whole: { $0 / 60_000_000_000 }) { $0.minute },
        part("getSeconds", whole: { $0 / 1_000_000_000 }) { $0.second },
        FunctionDeclaration(
            "getMilliseconds",
            .member([.timestamp], .int, .variadic(milliseconds)),
            .member([.timestamp, .string], .int, .variadic(milliseconds)),
            .member([.duration], .int, .variadic(milliseconds))
        ),
    ]

    /// A part of a timestamp, and what the function of the same name gives for a duration.
    private static func part(
        _ name: String,
        whole: (@Sendable (Int64) -> Int64)? = nil,
        _ body: @escaping @Sendable (CalendarDate) -> Int64
    ) -> FunctionDeclaration {
        let implementation: Implementation = .variadic { arguments, _ throws(EvaluationFailure) in
            if case .duration(let nanoseconds) = arguments.first, let whole { return .int(whole(nanoseconds)) }
            guard case .timestamp(let moment) = arguments.first else { throw .noSuchOverload(name, arguments) }
            let offset = try offset(moment.instant, arguments)
            return .int(body(CalendarDate(moment.instant, offsetSeconds: offset)))
        }
        var overloads: [Overload] = [
            .member([.timestamp], .int, implementation),
            .member([.timestamp, .string], .int, implementation),
        ]
        if whole != nil { overloads.append(.member([.duration], .int, implementation)) }
        return FunctionDeclaration(name, overloads)
    }

    private static let milliseconds: Implementation.Variadic = { arguments, _ throws(EvaluationFailure) in
        switch arguments.first {
        case .duration(let nanoseconds): return .int(nanoseconds / 1_000_000)
        case .timestamp(let moment):
            // The zone has no say in the milliseconds, but must exist.
            _ = try offset(moment.instant, arguments)
            return .int(Int64(moment.instant.nanoseconds) / 1_000_000)
        default: throw .noSuchOverload("getMilliseconds", arguments)
        }
    }

    /// Seconds east of UTC in the zone that the second argument names: `Europe/Berlin`, `+05:30`, `02:00`.
    private static func offset(_ instant: Timestamp, _ arguments: [CELValue]) throws(EvaluationFailure) -> Int64 {
        guard arguments.count > 1 else { return 0 }
        guard case .string(let zone) = arguments[1] else { throw .noSuchOverload }
        let parts = zone.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard let hours = NumberText.int(String(parts[0])), let minutes = NumberText.int(String(parts[1])),
                abs(hours) < 1000, abs(minutes) < 1000
            else { throw EvaluationFailure(.invalidArgument, "invalid time zone offset \(zone)") }
            return (hours * 60 + (zone.hasPrefix("-") ? -minutes : minutes)) * 60
        }
        guard let rules = TimeZoneDatabase.zone(named: zone) else {
            throw EvaluationFailure(.invalidArgument, "unknown time zone \(zone)")
        }
        return rules.offset(at: instant.seconds)
    }
}
