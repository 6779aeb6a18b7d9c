import RunEngine
import RunTestSupport
import Storage
import Testing

/// Watches of runs, over changes of the store.
@Suite("Watches of runs")
struct RunWatchTests {
    @Test("A watch delivers every outcome, in the order of the commits")
    func order() async throws {
        let fixture = try await EngineFixture()
        try fixture.workflow("one", .noop("a"))
        var watch = fixture.engine.watch(after: 0, namespace: "default")
        let name = try await fixture.submit("one")
        let added = try await watch.next()
        #expect(added.map(\.kind) == [.added] && added[0].object.run.name == name)
        let job = try #require(try await fixture.lease().first)
        try await fixture.report(job)
        let other = try await fixture.submit("one")
        try await fixture.engine.delete(namespace: "default", name: other)
        let events = try await watch.next()
        // The state in between is left out, and so is a run that came and went.
        #expect(events.map(\.kind) == [.modified, .deleted])
        #expect(events[0].object.run.phase == .succeeded && events[1].object.run.name == other)
        #expect(events.map(\.revision) == events.map(\.revision).sorted())
        // A sequence number used for something other than a run does not stop the watch.
        _ = try await fixture.engine.store.transaction { try $0.nextSequence() }
        #expect(try await watch.next() == [])
        #expect(watch.revision == fixture.engine.store.changes.latest)
    }
}
