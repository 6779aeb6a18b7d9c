import APIMachinery
import ControllerRuntime
import KubeClient
import KubeTestSupport
import ServiceLifecycleTestKit
import Testing

private let object = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "n", name: "a", uid: "u")

struct EventCorrelatorTests {
    private func occurrence(_ message: String, at second: Int64 = 0, reason: String = "R", version: String = "")
        -> Occurrence
    {
        var object = object
        object.resourceVersion = version
        return Occurrence(
            object: object,
            kind: .normal,
            reason: reason,
            message: message,
            time: Timestamp(seconds: second)
        )
    }

    @Test func repeatsRaiseTheCount() {
        var correlator = EventCorrelator()
        let first = occurrence("m", version: "1")
        #expect(correlator.correlate(first, suffix: "1") == .create(name: "a.1", first))
        let second = occurrence("m", at: 5, version: "2")
        #expect(correlator.correlate(second, suffix: "2") == .update(name: "a.1", second, count: 2))
        let other = occurrence("other", at: 6)
        #expect(correlator.correlate(other, suffix: "3") == .create(name: "a.3", other))
    }

    @Test func eventsThatHaveExpiredAreMadeAnew() {
        var correlator = EventCorrelator()
        _ = correlator.correlate(occurrence("m"), suffix: "1")
        correlator.forget(name: "a.1")
        #expect(correlator.correlate(occurrence("m"), suffix: "2") == .create(name: "a.2", occurrence("m")))
    }

    @Test func manySimilarOnesAreCombined() {
        var correlator = EventCorrelator()
        for number in 1...10 {
            let occurrence = occurrence("m\(number)")
            #expect(correlator.correlate(occurrence, suffix: "\(number)") == .create(name: "a.\(number)", occurrence))
        }
        let combined = occurrence("(combined from similar events): m11")
        #expect(correlator.correlate(occurrence("m11"), suffix: "11") == .create(name: "a.11", combined))
        let again = occurrence("(combined from similar events): m12")
        #expect(correlator.correlate(occurrence("m12"), suffix: "12") == .update(name: "a.11", again, count: 2))
        // Another reason is not similar, and after ten quiet minutes counting begins anew.
        let other = occurrence("m13", reason: "S")
        #expect(correlator.correlate(other, suffix: "13") == .create(name: "a.13", other))
        let later = occurrence("m14", at: 1000)
        #expect(correlator.correlate(later, suffix: "14") == .create(name: "a.14", later))
    }

    @Test func endlessTalkIsLimited() {
        var correlator = EventCorrelator()
        func isDropped(_ second: Int64) -> Bool {
            correlator.correlate(occurrence("m", at: second), suffix: "1") == .drop
        }
        #expect(
            (0..<30).map { _ in isDropped(0) } == Array(repeating: false, count: 25) + Array(repeating: true, count: 5)
        )
        #expect(isDropped(299))
        #expect(!isDropped(301))
        #expect(isDropped(302))
    }
}

struct EventRecorderTests {
    static let events = GroupVersionResource(group: "", version: "v1", resource: "events")

    @Test func recordedEventsAreWrittenBeforeStopping() async throws {
        let api = MemoryAPI()
        let recorder = EventRecorder(client: api.client(), component: "test", instance: "i")
        for _ in 0..<3 { recorder.normal(object, reason: "Scaled", "from 1 to 2") }
        recorder.warning(object, reason: "Failed", "no room")
        try await testGracefulShutdown { trigger in
            trigger.triggerGracefulShutdown()
            try await recorder.run()
        }
        let events = try await api.client().list(Self.events, namespace: "n").items
        let told = events.map { event in
            let json = event.json
            return [json["type"], json["reason"], json["message"], json["count"], json["source"]?["component"]]
                .map { $0?.text ?? "" }.joined(separator: " ")
        }
        #expect(
            Set(told) == [
                #""Normal" "Scaled" "from 1 to 2" 3 "test""#, #""Warning" "Failed" "no room" 1 "test""#,
            ]
        )
        #expect(events.first?.json["involvedObject"]?["uid"] == "u")
    }

    @Test func aServerThatFailsDoesNotStopTheRecorder() async throws {
        let api = MemoryAPI()
        let recorder = EventRecorder(client: api.client(), component: "test")
        api.setFault { $0.method == .post ? Status.internalError("no") : nil }
        for number in 0..<2000 { recorder.normal(object, reason: "R", "\(number)") }
        try await testGracefulShutdown { trigger in
            trigger.triggerGracefulShutdown()
            try await recorder.run()
        }
        #expect(try await api.client().list(Self.events, namespace: "n").items.isEmpty)
    }
}
