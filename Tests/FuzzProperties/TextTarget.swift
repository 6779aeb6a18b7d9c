import APIMachinery
import TestSupport

extension FuzzTarget {
    /// Names, label values, times and the like: whatever is valid has the form that it promises.
    static let text = FuzzTarget(
        name: "text",
        seeds: {
            try Golden.cases("names.json").compactMap { $0["value"]?.stringValue.map { Array($0.utf8) } }
                + [
                    "2024-02-29T12:34:56Z", "2024-02-29T12:34:56.789+02:00", "0001-01-01T00:00:00Z",
                    "9999-12-31T23:59:60Z",
                    "1677-09-21t00:12:43.145224192z",
                ].map { Array($0.utf8) }
        },
        check: { bytes in
            let value = decoded(bytes)
            let rules: [(String) -> [String]] = [
                Validation.dns1123Subdomain, Validation.dns1123Label, Validation.dns1035Label, Validation.pathSegment,
                Validation.pathSegmentPrefix, Validation.qualifiedName, Validation.labelValue, Validation.configMapKey,
                Validation.environmentVariableName, Validation.relaxedEnvironmentVariableName, Validation.portName,
                Validation.percent, Validation.cIdentifier, { Validation.generateName($0) },
            ]
            for rule in rules { try expect(rule(value).allSatisfy { !$0.isEmpty }, "an error without words") }
            if Validation.dns1123Label(value).isEmpty {
                try expect(Validation.dns1123Subdomain(value).isEmpty, "a label is no subdomain: \(value)")
                try expect(Validation.pathSegment(value).isEmpty, "a label is no segment: \(value)")
                try expect(Validation.labelValue(value).isEmpty, "a label is no label's value: \(value)")
                try expect(Validation.qualifiedName(value).isEmpty, "a label is no qualified name: \(value)")
                try expect(Validation.configMapKey(value).isEmpty, "a label is no key: \(value)")
            }
            if Validation.dns1035Label(value).isEmpty {
                try expect(Validation.dns1123Label(value).isEmpty, "RFC 1035 allows more than RFC 1123: \(value)")
            }
            _ = Validation.labels([value: value], at: FieldPath("metadata.labels"))
            _ = Validation.annotations([value: value], at: FieldPath("metadata.annotations"))
            _ = Validation.finalizer(value, at: FieldPath("metadata.finalizers"))
            try checkTime(value)
        }
    )

    private static func checkTime(_ value: String) throws {
        guard let time = Timestamp(rfc3339: value) else { return }
        let days = time.seconds / 86_400 - (time.seconds % 86_400 < 0 ? 1 : 0)
        let civil = Timestamp.civil(fromDays: days)
        try expect(
            Timestamp.days(fromCivil: civil.year, civil.month, civil.day) == days,
            "\(value) is on no day of the calendar"
        )
        // A zone can carry the first and the last day out of the years with four digits.
        guard (1...9999).contains(civil.year) else { return }
        try expect(Timestamp(rfc3339: time.rfc3339Nano) == time, "\(value) is printed as \(time.rfc3339Nano)")
        try expect(
            Timestamp(rfc3339: time.rfc3339) == time.truncatedToSeconds,
            "\(value) is printed as \(time.rfc3339)"
        )
    }
}
