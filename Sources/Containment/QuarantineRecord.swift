public import APIMachinery

/// Something that the plane does not touch any more, because it died twice while working on it.
public struct QuarantineEntry: Sendable, Hashable {
    public var subject: WorkSubject
    /// How often the process died while it worked on the subject.
    public var deaths: Int
    /// The signal of the last death, as `SIGILL`.
    public var signal: String
    /// When it was put aside: at the start after the last death.
    public var since: Timestamp

    /// Why it is put aside and what to do, for people.
    public var message: String {
        "the plane crashed \(deaths) times (\(signal)) while it worked on \(subject), and now leaves it alone; find the"
            + " cause in the log before \(since.rfc3339), then: ctl quarantine release \(subject.id)"
    }
}

/// How the process before this one ended.
struct PreviousEnd: Sendable, Hashable {
    /// Whether it stopped in order.
    var isOrderly = false
    /// The signal of its own fault; `nil` if it had none, as after SIGKILL or a power failure.
    var signal: Int32?
    /// What the thread at fault worked on, if that is known.
    var culprit: WorkSubject?
    /// Everything that was under way.
    var underWay: [WorkSubject] = []
}

/// What is remembered of deaths, from start to start.
struct QuarantineRecord: Sendable, Hashable {
    /// Something that was being worked on when the process died.
    struct Suspect: Sendable, Hashable {
        var deaths: Int
        /// Whether it was what the thread at fault worked on, at least once; otherwise it was only under way.
        var isCertain: Bool
    }

    /// Dying so often over one subject is enough.
    static let limit = 2

    var suspects: [WorkSubject: Suspect] = [:]
    var entries: [WorkSubject: QuarantineEntry] = [:]

    /// Draws the consequences of how the last process ended.
    ///
    /// A fault counts against what its thread worked on, or against everything under way where that is not known.
    /// Of the latter only those remain suspects that are under way at every fault. An end from outside (SIGKILL, a
    /// power failure) says nothing about anybody; an orderly stop clears all suspects.
    ///
    /// - Returns: what is put aside from now on.
    mutating func assess(_ end: PreviousEnd, now: Timestamp) -> [QuarantineEntry] {
        if end.isOrderly {
            suspects = [:]
            return []
        }
        guard let signal = end.signal else { return [] }
        if let culprit = end.culprit {
            suspect(culprit, isCertain: true)
        } else {
            let present = Set(end.underWay)
            suspects = suspects.filter { $0.value.isCertain || present.contains($0.key) }
            for subject in present { suspect(subject, isCertain: false) }
        }
        let added = suspects.filter { $0.value.deaths >= Self.limit }.map { subject, suspect in
            QuarantineEntry(subject: subject, deaths: suspect.deaths, signal: Self.name(of: signal), since: now)
        }.sorted { $0.subject.description < $1.subject.description }
        for entry in added {
            suspects[entry.subject] = nil
            entries[entry.subject] = entry
        }
        return added
    }

    private mutating func suspect(_ subject: WorkSubject, isCertain: Bool) {
        guard entries[subject] == nil else { return }
        var suspect = suspects[subject] ?? Suspect(deaths: 0, isCertain: false)
        suspect.deaths = min(suspect.deaths, Self.limit) + 1
        suspect.isCertain = suspect.isCertain || isCertain
        suspects[subject] = suspect
    }

    static func name(of signal: Int32) -> String {
        switch signal {
        case 4: "SIGILL"
        case 5: "SIGTRAP"
        case 6: "SIGABRT"
        case 7: "SIGBUS"
        case 8: "SIGFPE"
        case 11: "SIGSEGV"
        default: "signal \(signal)"
        }
    }
}

// MARK: As JSON

extension QuarantineRecord {
    /// What the file holds.
    var json: JSONValue {
        [
            "suspects": .array(
                suspects.sorted { $0.key.description < $1.key.description }.map { subject, suspect in
                    var json = Self.json(subject)
                    json["deaths"] = .int(Int64(suspect.deaths))
                    json["certain"] = .bool(suspect.isCertain)
                    return .object(json)
                }
            ),
            "quarantined": .array(
                entries.values.sorted { $0.subject.description < $1.subject.description }.map { entry in
                    var json = Self.json(entry.subject)
                    json["deaths"] = .int(Int64(entry.deaths))
                    json["signal"] = .string(entry.signal)
                    json["since"] = .string(entry.since.rfc3339)
                    return .object(json)
                }
            ),
        ]
    }

    /// Reads the file's JSON; what is not as it should be is left out.
    init(json: JSONValue) {
        for item in json["suspects"]?.arrayValue ?? [] {
            guard let subject = Self.subject(item), let deaths = item["deaths"]?.intValue else { continue }
            suspects[subject] = Suspect(
                deaths: Int(min(max(deaths, 0), Int64(Self.limit))),
                isCertain: item["certain"]?.boolValue ?? false
            )
        }
        for item in json["quarantined"]?.arrayValue ?? [] {
            guard let subject = Self.subject(item) else { continue }
            entries[subject] = QuarantineEntry(
                subject: subject,
                deaths: Int(min(max(item["deaths"]?.intValue ?? 0, 0), 1_000_000)),
                signal: item["signal"]?.stringValue ?? "",
                since: item["since"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(seconds: 0)
            )
        }
    }

    private static func json(_ subject: WorkSubject) -> JSONObject {
        var json: JSONObject = [
            "kind": .string(subject.kind.rawValue), "namespace": .string(subject.namespace),
            "name": .string(subject.name),
        ]
        if !subject.uid.isEmpty { json["uid"] = .string(subject.uid) }
        return json
    }

    private static func subject(_ json: JSONValue) -> WorkSubject? {
        guard let kind = json["kind"]?.stringValue, let name = json["name"]?.stringValue, !kind.isEmpty, !name.isEmpty
        else { return nil }
        return WorkSubject(
            WorkKind(rawValue: kind),
            namespace: json["namespace"]?.stringValue ?? "",
            name: name,
            uid: json["uid"]?.stringValue ?? ""
        )
    }
}
