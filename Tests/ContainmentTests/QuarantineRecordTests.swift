import APIMachinery
import Testing

@testable import Containment

/// What follows from how a process ended.
@Suite("Quarantine record") struct QuarantineRecordTests {
    static let now = Timestamp(seconds: 1_800_000_000)
    static let a = WorkSubject("workerpool", namespace: "default", name: "a")
    static let b = WorkSubject(.run, namespace: "default", name: "b")

    static func trap(_ culprit: WorkSubject?, underWay: [WorkSubject] = []) -> PreviousEnd {
        PreviousEnd(signal: 4, culprit: culprit, underWay: underWay + (culprit.map { [$0] } ?? []))
    }

    @Test("The second death over a subject puts it aside, and nothing else that was under way")
    func twice() {
        var record = QuarantineRecord()
        #expect(record.assess(Self.trap(Self.a, underWay: [Self.b]), now: Self.now).isEmpty)
        let added = record.assess(Self.trap(Self.a, underWay: [Self.b]), now: Self.now)
        #expect(added.map(\.subject) == [Self.a])
        #expect(added.first?.deaths == 2)
        #expect(added.first?.signal == "SIGILL")
        #expect(record.entries[Self.b] == nil && record.suspects.isEmpty)
    }

    @Test("SIGKILL and power failures suspect nobody, and clear nobody")
    func killed() {
        var record = QuarantineRecord()
        _ = record.assess(Self.trap(Self.a), now: Self.now)
        for _ in 0..<5 { #expect(record.assess(PreviousEnd(underWay: [Self.a, Self.b]), now: Self.now).isEmpty) }
        #expect(record.assess(Self.trap(Self.a), now: Self.now).map(\.subject) == [Self.a])
    }

    @Test("An orderly stop clears suspects, and releases nothing")
    func orderly() {
        var record = QuarantineRecord()
        for _ in 0..<2 { _ = record.assess(Self.trap(Self.a), now: Self.now) }
        _ = record.assess(Self.trap(Self.b), now: Self.now)
        _ = record.assess(PreviousEnd(isOrderly: true, underWay: [Self.b]), now: Self.now)
        #expect(record.suspects.isEmpty)
        #expect(record.entries[Self.a] != nil)
        #expect(record.assess(Self.trap(Self.b), now: Self.now).isEmpty)
    }

    @Test("Two poisoned subjects in turn are both put aside")
    func alternating() {
        var record = QuarantineRecord()
        for subject in [Self.a, Self.b, Self.a, Self.b] { _ = record.assess(Self.trap(subject), now: Self.now) }
        #expect(Set(record.entries.keys) == [Self.a, Self.b])
    }

    @Test("Where the culprit is not known, only what is under way at both faults is put aside")
    func unknownCulprit() {
        let c = WorkSubject(.pod, namespace: "default", name: "c")
        var record = QuarantineRecord()
        _ = record.assess(Self.trap(nil, underWay: [Self.a, Self.b]), now: Self.now)
        let added = record.assess(Self.trap(nil, underWay: [Self.b, c]), now: Self.now)
        #expect(added.map(\.subject) == [Self.b])
        #expect(record.suspects.keys.contains(Self.a) == false, "not under way at consecutive faults")
        #expect(record.suspects[c]?.deaths == 1)
    }

    @Test("What the file holds is read back; what is damaged in it is left out")
    func json() throws {
        var record = QuarantineRecord()
        for _ in 0..<2 { _ = record.assess(Self.trap(Self.a), now: Self.now) }
        _ = record.assess(Self.trap(nil, underWay: [Self.b]), now: Self.now)
        #expect(QuarantineRecord(json: record.json) == record)
        let damaged: JSONValue = [
            "suspects": [["kind": "run", "name": "x", "deaths": 9_223_372_036_854_775_807], "text", ["deaths": 1]],
            "quarantined": [["kind": "run", "name": "y", "since": "never", "deaths": -5], [:], .null],
        ]
        let read = QuarantineRecord(json: damaged)
        #expect(read.suspects.values.map(\.deaths) == [2])
        #expect(read.entries.values.map(\.deaths) == [0])
    }

    @Test("Requests are told apart by method, address and body; ids are object names")
    func requests() {
        let body = Array("{\"a\": 1, \"b\": 22222222222}".utf8)
        let base = WorkSubject.request(method: "POST", uri: "/apis/x?y=1", body: body)
        #expect(base == .request(method: "POST", uri: "/apis/x?y=1", body: body[...]))
        #expect(base != .request(method: "PUT", uri: "/apis/x?y=1", body: body))
        #expect(base != .request(method: "POST", uri: "/apis/x?y=2", body: body))
        #expect(base != .request(method: "POST", uri: "/apis/x?y=1", body: body.dropLast()))
        var last = body
        last[last.count - 3] ^= 1
        #expect(base != .request(method: "POST", uri: "/apis/x?y=1", body: last))
        for subject in [base, Self.a, Self.b] {
            #expect(subject.id.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
            #expect(subject.id.count <= 63)
        }
    }
}
