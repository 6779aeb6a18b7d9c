/// Whose request comes next: the state of ``FlowControl``, without waiting or time.
///
/// Requests of one user are a flow. As long as there is room every request is worked on at once. Then each waits in
/// the queue of its flow, and flows take turns, so a user with a thousand requests does not keep the others waiting.
package struct FlowQueues {
    /// What may be worked on and what may wait.
    package struct Limits: Sendable {
        /// Requests of weight 1 that are worked on at a time.
        var seats = 192
        /// Of these, how many may be taken by requests that write, and how many by those that read: neither can
        /// keep the other out.
        package var seatsOfAKind = 128
        /// How many requests of one flow may wait.
        var queueLength = 600
        /// How many requests may wait in all.
        package var waiting = 3000
        /// A request weighs one seat more for every so many bytes of its body, as these bytes become many times as
        /// many while they are worked on.
        package var bytesOfASeat = 64 << 10
    }

    struct Ticket: Sendable, Hashable {
        var id: Int
        var flow: String
        var isMutating: Bool
        var weight: Int
    }

    enum Decision: Hashable { case run, wait, refuse }

    package let limits: Limits
    /// Seats taken by requests that write and by those that read.
    package private(set) var mutating = 0
    private(set) var readOnly = 0
    package private(set) var waiting = 0
    private var queues: [String: [Ticket]] = [:]
    /// The flows that wait, the next one first.
    private var turns: [String] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// The weight of a request with a body of so many bytes.
    package func weight(bodyBytes: Int) -> Int {
        min(1 + bodyBytes / limits.bytesOfASeat, max(1, limits.seatsOfAKind / 2))
    }

    /// Lets a request begin, wait or go away.
    mutating func arrive(_ ticket: Ticket) -> Decision {
        if canRun(ticket) {
            take(ticket)
            return .run
        }
        guard waiting < limits.waiting, (queues[ticket.flow]?.count ?? 0) < limits.queueLength else { return .refuse }
        if queues[ticket.flow] == nil { turns.append(ticket.flow) }
        queues[ticket.flow, default: []].append(ticket)
        waiting += 1
        return .wait
    }

    /// Whether there is room and nobody who waits would be overtaken.
    func canRun(_ ticket: Ticket) -> Bool {
        fits(ticket) && !queues.values.contains { $0.first?.isMutating == ticket.isMutating }
    }

    /// Takes back a request's seats and tells who begins now.
    mutating func leave(_ ticket: Ticket) -> [Ticket] {
        if ticket.isMutating { mutating -= ticket.weight } else { readOnly -= ticket.weight }
        return next()
    }

    /// Takes a waiting request out; false if it does not wait any more.
    mutating func giveUp(_ ticket: Ticket) -> Bool {
        guard let index = queues[ticket.flow]?.firstIndex(where: { $0.id == ticket.id }) else { return false }
        queues[ticket.flow]?.remove(at: index)
        waiting -= 1
        if queues[ticket.flow]?.isEmpty == true {
            queues[ticket.flow] = nil
            turns.removeAll { $0 == ticket.flow }
        }
        return true
    }

    /// Goes round the flows and lets the first of each begin while there is room.
    private mutating func next() -> [Ticket] {
        var started: [Ticket] = []
        // A kind whose first request found no room keeps its seats until that one has found it.
        var isBlocked = [false, false]
        var index = 0
        while index < turns.count, isBlocked.contains(false) {
            let flow = turns[index]
            guard let ticket = queues[flow]?.first else {
                turns.remove(at: index)
                continue
            }
            let kind = ticket.isMutating ? 1 : 0
            guard !isBlocked[kind], fits(ticket) else {
                isBlocked[kind] = true
                index += 1
                continue
            }
            take(ticket)
            waiting -= 1
            started.append(ticket)
            queues[flow]?.removeFirst()
            turns.remove(at: index)
            if queues[flow]?.isEmpty == true { queues[flow] = nil } else { turns.append(flow) }
        }
        return started
    }

    private func fits(_ ticket: Ticket) -> Bool {
        let ofKind = ticket.isMutating ? mutating : readOnly
        return ofKind + ticket.weight <= limits.seatsOfAKind && mutating + readOnly + ticket.weight <= limits.seats
    }

    private mutating func take(_ ticket: Ticket) {
        if ticket.isMutating { mutating += ticket.weight } else { readOnly += ticket.weight }
    }
}
