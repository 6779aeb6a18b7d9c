public import APIMachinery
public import KubeClient

/// What a watcher tells its consumer. A list comes as `listStarted`, its objects as `listed`, then `listFinished`;
/// what the consumer has from before and was not listed is gone. In between and after: single changes.
public enum WatcherEvent: Sendable, Hashable {
    case listStarted
    case listed(Unstructured)
    case listFinished
    case applied(Unstructured)
    case deleted(Unstructured)
}

/// List, then watch from the list's version, forever: the decisions of a `Watcher`, without I/O and without a clock.
///
/// ```
/// listing ──last page──▶ watching ──410──▶ listing
///    ▲ failure: back off    │ end, failure, silence: back off, watch on from the last version seen
/// ```
/// A watch that ends is no fault: servers end all watches after some minutes.
public struct WatcherState: Sendable {
    /// What the driver does next.
    public enum Step: Sendable, Hashable {
        case list(continueToken: String?)
        case watch(resourceVersion: String)
    }

    /// What became of a step, or what a running watch received.
    public enum Input: Sendable {
        case page(ObjectList<Unstructured>)
        case event(WatchEvent)
        /// The server ended the watch, or nothing came for longer than the idle time-out.
        case watchEnded
        case failed(Status)
    }

    /// What follows from an input: events for the consumer, then perhaps another step after a pause.
    public struct Output: Sendable, Hashable {
        public var events: [WatcherEvent] = []
        /// `nil` while the present watch goes on.
        public var next: Step?
        /// How long to wait before `next`.
        public var delay: Duration = .zero
        /// A failure worth a log line.
        public var failure: Status?
    }

    private enum Phase: Sendable {
        case listing(continueToken: String?)
        case watching(resourceVersion: String)
    }

    private var phase: Phase = .listing(continueToken: nil)
    private var backoff: Backoff
    /// Whether the present watch has told anything, which proves that the server is well.
    private var isProductive = false

    /// Begins with a list.
    public init(backoff: Backoff = Backoff(base: .milliseconds(800), cap: .seconds(30), jitter: 1)) {
        self.backoff = backoff
    }

    /// The step that the driver is to take (again) now.
    public var step: Step {
        switch phase {
        case .listing(let token): .list(continueToken: token)
        case .watching(let version): .watch(resourceVersion: version)
        }
    }

    /// The next state and what to do; `random` is in 0..<1 and only spreads the pauses.
    public mutating func handle(_ input: Input, random: Double) -> Output {
        var output = Output()
        switch (phase, input) {
        case (.listing(let token), .page(let page)):
            if token == nil { output.events.append(.listStarted) }
            output.events += page.items.map { .listed($0) }
            if let token = page.continueToken {
                phase = .listing(continueToken: token)
            } else {
                output.events.append(.listFinished)
                backoff.reset()
                isProductive = false
                phase = .watching(resourceVersion: page.resourceVersion)
            }
            output.next = step
        case (.listing, .failed(let status)):
            // A continue token may have expired, so the list begins anew in any case; the consumer throws away what
            // it had of the broken list when it sees `listStarted` again.
            phase = .listing(continueToken: nil)
            output.failure = status
            pause(&output, random)
        case (.listing, .event), (.listing, .watchEnded):
            output.next = step
        case (.watching, .event(let event)):
            handle(event, &output, random)
        case (.watching, .watchEnded):
            // A server that ends watches at once must not be asked in a tight loop.
            if isProductive { output.next = step } else { pause(&output, random) }
            isProductive = false
        case (.watching, .failed(let status)):
            output.failure = status
            recover(from: status, &output, random)
        case (.watching, .page):
            break
        }
        return output
    }

    private mutating func handle(_ event: WatchEvent, _ output: inout Output, _ random: Double) {
        switch event {
        case .added(let object), .modified(let object):
            output.events.append(.applied(object))
            advance(to: object.resourceVersion)
        case .deleted(let object):
            output.events.append(.deleted(object))
            advance(to: object.resourceVersion)
        case .bookmark(let version):
            advance(to: version)
        case .error(let status):
            output.failure = status.isExpired ? nil : status
            recover(from: status, &output, random)
        }
    }

    private mutating func advance(to version: String) {
        isProductive = true
        backoff.reset()
        if !version.isEmpty { phase = .watching(resourceVersion: version) }
    }

    private mutating func recover(from status: Status, _ output: inout Output, _ random: Double) {
        if status.isExpired {
            phase = .listing(continueToken: nil)
            // The first new list may come at once; if that does not help, the next one waits.
            if isProductive || backoff.attempts == 0 { output.next = step } else { pause(&output, random) }
            if !isProductive { _ = backoff.next(random: 0) }
        } else {
            pause(&output, random)
        }
        isProductive = false
    }

    private mutating func pause(_ output: inout Output, _ random: Double) {
        output.delay = backoff.next(random: random)
        output.next = step
    }
}
