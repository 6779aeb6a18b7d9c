import APIMachinery
import KubeAPI
import Testing

@testable import Controller

/// What was done counts until the cache shows it, and no longer.
@Suite struct PodExpectationsTests {
    static let now = Timestamp(seconds: 1_767_225_600)

    static func pod(_ name: String) -> Pod {
        var pod = Pod(metadata: ObjectMeta(name: name))
        pod.metadata.uid = "uid-\(name)"
        return pod
    }

    static func names(_ pods: [Pod]) -> [String] { pods.compactMap(\.metadata.name) }

    @Test func aCreatedPodIsThereBeforeTheCacheKnowsIt() {
        var expectations = PodExpectations()
        expectations.didCreate(Self.pod("b"), now: Self.now)
        #expect(Self.names(expectations.overlay([Self.pod("a")], now: Self.now)) == ["a", "b"])
        #expect(Self.names(expectations.overlay([Self.pod("a"), Self.pod("b")], now: Self.now)) == ["a", "b"])
        // Seen once, its absence is news.
        #expect(Self.names(expectations.overlay([Self.pod("a")], now: Self.now)) == ["a"])
    }

    @Test func aPodThatWasNeverSeenIsForgotten() {
        var expectations = PodExpectations()
        expectations.didCreate(Self.pod("b"), now: Self.now)
        let later = Self.now.advanced(by: PodExpectations.patience + .seconds(1))
        #expect(expectations.overlay([], now: later).isEmpty)
    }

    @Test func aDeletedPodIsGoingBeforeTheCacheKnowsIt() {
        var expectations = PodExpectations()
        expectations.didDelete(uid: "uid-a", now: Self.now)
        #expect(expectations.overlay([Self.pod("a")], now: Self.now).first?.metadata.deletionTimestamp == Self.now)
        #expect(expectations.overlay([], now: Self.now).isEmpty)
    }

    @Test func aDrainIsThereBeforeTheCacheKnowsIt() {
        var expectations = PodExpectations()
        func mark(_ pods: [Pod]) -> String? { pods.first?.metadata.annotations?[PodObservation.drainAnnotation] }
        expectations.didDrain(uid: "uid-a", requestedAt: "t", now: Self.now)
        #expect(mark(expectations.overlay([Self.pod("a")], now: Self.now)) == "t")
        var known = Self.pod("a")
        known.metadata.annotations = [PodObservation.drainAnnotation: "t"]
        #expect(mark(expectations.overlay([known], now: Self.now)) == "t")
        expectations.didDrain(uid: "uid-a", requestedAt: nil, now: Self.now)
        #expect(mark(expectations.overlay([known], now: Self.now)) == nil)
        #expect(mark(expectations.overlay([Self.pod("a")], now: Self.now)) == nil)
    }

    @Test func failuresHoldReplacementsBack() {
        var backoff = FailureBackoff()
        func wait(_ revision: String = "r") -> Duration? {
            backoff.until(of: revision, now: Self.now).map { $0.since(Self.now) }
        }
        #expect(wait() == nil)
        backoff.note(uid: "1", revision: "r", now: Self.now)
        #expect(wait() == nil)
        backoff.note(uid: "2", revision: "r", now: Self.now)
        backoff.note(uid: "2", revision: "r", now: Self.now)
        #expect(wait() == .seconds(10))
        backoff.note(uid: "3", revision: "s", now: Self.now)
        #expect(wait("s") == nil, "a revision waits for its own failures")
        backoff.note(uid: "4", revision: "r", now: Self.now)
        #expect(wait() == .seconds(20))
        for number in 5...20 { backoff.note(uid: "\(number)", revision: "r", now: Self.now) }
        #expect(wait() == .seconds(300))
        #expect(backoff.count(of: "s", now: Self.now) == 1)
        #expect(backoff.until(of: "r", now: Self.now.advanced(by: .seconds(600))) == nil)
    }
}
