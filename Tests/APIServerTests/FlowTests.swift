import APIMachinery
import TestSupport
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// Whose request comes next, and how much may wait.
@Suite struct FlowTests {
    private func ticket(_ id: Int, _ flow: String, mutating: Bool = true, weight: Int = 1) -> FlowQueues.Ticket {
        FlowQueues.Ticket(id: id, flow: flow, isMutating: mutating, weight: weight)
    }

    private func queues(seats: Int = 4, ofAKind: Int = 3, queue: Int = 10, waiting: Int = 15) -> FlowQueues {
        FlowQueues(
            limits: .init(seats: seats, seatsOfAKind: ofAKind, queueLength: queue, waiting: waiting, bytesOfASeat: 100)
        )
    }

    @Test("Users take turns, however many requests one of them has")
    func turns() {
        var queues = queues(seats: 1, ofAKind: 1)
        #expect(queues.arrive(ticket(0, "busy")) == .run)
        for id in 1...5 { #expect(queues.arrive(ticket(id, "busy")) == .wait) }
        #expect(queues.arrive(ticket(6, "quiet")) == .wait)
        #expect(queues.arrive(ticket(7, "other")) == .wait)
        var order: [Int] = []
        var current = ticket(0, "busy")
        for _ in 0..<7 {
            let next = queues.leave(current)
            #expect(next.count == 1)
            guard let first = next.first else { return }
            order.append(first.id)
            current = first
        }
        #expect(order == [1, 6, 7, 2, 3, 4, 5])
        #expect(queues.leave(current).isEmpty)
        #expect(queues.mutating == 0)
        #expect(queues.waiting == 0)
    }

    @Test("Writers do not keep readers out, nor readers writers")
    func kinds() {
        var queues = queues()
        for id in 0..<3 { #expect(queues.arrive(ticket(id, "w")) == .run) }
        #expect(queues.arrive(ticket(3, "w")) == .wait)
        #expect(queues.arrive(ticket(4, "r", mutating: false)) == .run)
        #expect(queues.arrive(ticket(5, "r", mutating: false)) == .wait)
    }

    @Test("A heavy request waits for its room and is not overtaken by lighter ones of its kind")
    func weight() {
        var queues = queues(seats: 4, ofAKind: 3)
        #expect(queues.weight(bodyBytes: 0) == 1)
        #expect(queues.weight(bodyBytes: 100_000) == 1)
        #expect(queues.arrive(ticket(0, "a")) == .run)
        #expect(queues.arrive(ticket(1, "b", weight: 3)) == .wait)
        #expect(queues.arrive(ticket(2, "a")) == .wait)
        let next = queues.leave(ticket(0, "a"))
        #expect(next.map(\.id) == [1])
        #expect(queues.leave(ticket(1, "b", weight: 3)).map(\.id) == [2])
    }

    @Test("Queues are bounded, each and all together, and who gives up leaves no gap")
    func bounds() {
        var queues = queues(seats: 1, ofAKind: 1)
        #expect(queues.arrive(ticket(0, "a")) == .run)
        for id in 1...10 { #expect(queues.arrive(ticket(id, "a")) == .wait) }
        #expect(queues.arrive(ticket(11, "a")) == .refuse)
        for id in 12...16 { #expect(queues.arrive(ticket(id, "b")) == .wait) }
        #expect(queues.arrive(ticket(17, "c")) == .refuse)
        for id in 1...10 {
            let hasWaited = queues.giveUp(ticket(id, "a"))
            #expect(hasWaited)
        }
        let waitsStill = queues.giveUp(ticket(1, "a"))
        #expect(!waitsStill)
        #expect(queues.waiting == 5)
        #expect(queues.leave(ticket(0, "a")).map(\.id) == [12])
    }

    @Test("A request that finds no room goes on when there is some; one that waits too long gets 429")
    func waiting() async throws {
        let limits = FlowQueues.Limits(seats: 1, seatsOfAKind: 1, queueLength: 10, waiting: 10, bytesOfASeat: 100)
        let flow = FlowControl(limits: limits, metrics: ServerMetrics())
        try await takeTurns(flow)
        // Every seat has been given back with the last who held it.
        #expect(flow.isIdle)
    }

    private func takeTurns(_ flow: FlowControl) async throws {
        let start = Timestamp(seconds: 100)
        var first: Seat? = try await flow.seat(flow: "a", isMutating: true, bodyBytes: 0, now: start)
        #expect(first != nil)
        async let second = flow.seat(flow: "a", isMutating: true, bodyBytes: 0, now: start)
        try await eventually("it waits") { flow.waitingCount == 1 }
        first = nil
        var held: Seat? = try await second
        #expect(held != nil)
        async let late = flow.seat(flow: "a", isMutating: true, bodyBytes: 0, now: start)
        try await eventually("it waits") { flow.waitingCount == 1 }
        flow.tick(now: start.advanced(by: .seconds(14)))
        #expect(flow.waitingCount == 1)
        flow.tick(now: start.advanced(by: .seconds(15)))
        do {
            _ = try await late
            Issue.record("a seat was found")
        } catch {
            #expect((error as? Status)?.code == 429)
            #expect((error as? Status)?.details?.retryAfterSeconds == 1)
        }
        held = nil
    }

    @Test("Bodies share a budget")
    func budget() {
        let flow = FlowControl(metrics: ServerMetrics())
        #expect(flow.takeBytes(FlowControl.bodyBudget - 1))
        #expect(!flow.takeBytes(2))
        #expect(flow.takeBytes(1))
        flow.giveBytes(FlowControl.bodyBudget)
        #expect(flow.isIdle)
    }
}
