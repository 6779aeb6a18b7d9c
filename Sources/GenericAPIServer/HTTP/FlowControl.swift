package import APIMachinery
import Synchronization

/// Bounds what is worked on at a time: requests by seats (``FlowQueues``), the bytes of their bodies by a budget.
///
/// Watches and logs need a seat only until they stand. Health checks and the version need none. Nobody is exempt,
/// not even administrators, who are the normal clients of this server; the server's own controllers do not come
/// this way.
package final class FlowControl: Sendable {
    /// How long a request may wait for its turn.
    static let maximumWait: Duration = .seconds(15)
    /// The bytes of all bodies that are being read or worked on.
    static let bodyBudget = 96 << 20

    private struct Waiting {
        var ticket: FlowQueues.Ticket
        var since: Timestamp
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var queues: FlowQueues
        var nextID = 0
        /// Those that wait, by the ids of their tickets.
        var waiting: [Int: Waiting] = [:]
        var bodyBytes = 0
    }

    private let state: Mutex<State>
    private let metrics: ServerMetrics

    package init(limits: FlowQueues.Limits = FlowQueues.Limits(), metrics: ServerMetrics) {
        state = Mutex(State(queues: FlowQueues(limits: limits)))
        self.metrics = metrics
    }

    /// Waits for a seat.
    ///
    /// - Throws: 429 if too many wait already, or if the wait takes too long; 499 if the client leaves meanwhile.
    func seat(flow: String, isMutating: Bool, bodyBytes: Int, now: Timestamp) async throws(Status) -> Seat {
        let (ticket, decision) = state.withLock { state -> (FlowQueues.Ticket, FlowQueues.Decision) in
            let ticket = Self.ticket(flow, isMutating, bodyBytes, &state)
            // Who has to wait arrives again below, together with what resumes it.
            guard state.queues.canRun(ticket) else { return (ticket, .wait) }
            return (ticket, state.queues.arrive(ticket))
        }
        if decision == .run { return Seat(ticket: ticket, control: self) }
        let isAdmitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    switch state.queues.arrive(ticket) {
                    case .run: return true
                    case .refuse: return false
                    case .wait:
                        state.waiting[ticket.id] = Waiting(ticket: ticket, since: now, continuation: continuation)
                        return nil
                    }
                }
                if let answer { continuation.resume(returning: answer) }
                // A cancellation before the continuation was stored found nothing to resume.
                if Task.isCancelled { giveUp(ticket) }
            }
        } onCancel: {
            giveUp(ticket)
        }
        guard isAdmitted else {
            try Status.checkCancellation()
            metrics.rejected("queue-full")
            throw .tooManyRequests("Too many requests, please try again later.", retryAfterSeconds: 1)
        }
        return Seat(ticket: ticket, control: self)
    }

    private static func ticket(
        _ flow: String,
        _ isMutating: Bool,
        _ bodyBytes: Int,
        _ state: inout State
    ) -> FlowQueues.Ticket {
        state.nextID += 1
        return FlowQueues.Ticket(
            id: state.nextID,
            flow: flow,
            isMutating: isMutating,
            weight: state.queues.weight(bodyBytes: bodyBytes)
        )
    }

    /// The client of a request that waits has left.
    private func giveUp(_ ticket: FlowQueues.Ticket) {
        let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let waiting = state.waiting.removeValue(forKey: ticket.id) else { return nil }
            _ = state.queues.giveUp(ticket)
            return waiting.continuation
        }
        continuation?.resume(returning: false)
    }

    fileprivate func leave(_ ticket: FlowQueues.Ticket) {
        let admitted = state.withLock { state in
            state.queues.leave(ticket).compactMap { state.waiting.removeValue(forKey: $0.id)?.continuation }
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }

    /// Sends away who has waited too long, and tells the figures. Called from time to time.
    package func tick(now: Timestamp) {
        let (late, queues) = state.withLock { state -> ([Waiting], FlowQueues) in
            let late = state.waiting.values.filter { now.since($0.since) >= Self.maximumWait }
            for request in late {
                _ = state.queues.giveUp(request.ticket)
                state.waiting[request.ticket.id] = nil
            }
            return (late, state.queues)
        }
        for request in late { request.continuation.resume(returning: false) }
        metrics.inFlight(mutating: queues.mutating, readOnly: queues.readOnly, waiting: queues.waiting)
    }

    // MARK: Bodies

    /// Takes some bytes of the budget; false if there are not so many left.
    func takeBytes(_ count: Int) -> Bool {
        let isTaken = state.withLock { state in
            guard state.bodyBytes + count <= Self.bodyBudget else { return false }
            state.bodyBytes += count
            return true
        }
        if !isTaken { metrics.rejected("body-bytes") }
        return isTaken
    }

    /// Puts bytes back.
    func giveBytes(_ count: Int) { state.withLock { $0.bodyBytes -= count } }

    var waitingCount: Int { state.withLock { $0.queues.waiting } }

    package var bodyBytes: Int { state.withLock { $0.bodyBytes } }

    /// Whether nothing is worked on and nothing waits.
    package var isIdle: Bool {
        state.withLock { state in
            let queues = state.queues
            return queues.mutating == 0 && queues.readOnly == 0 && queues.waiting == 0 && state.bodyBytes == 0
        }
    }
}

/// The right to be worked on. It ends with the last reference to it, so that no way out of a request can keep it.
final class Seat: Sendable {
    private let ticket: FlowQueues.Ticket
    private let control: FlowControl

    fileprivate init(ticket: FlowQueues.Ticket, control: FlowControl) {
        self.ticket = ticket
        self.control = control
    }

    deinit { control.leave(ticket) }
}
