public import APIMachinery
public import KubeClient
public import Logging
private import Synchronization

/// Keeps a consumer up to date about a collection, whatever the connection does: the driver of `WatcherState`.
public struct Watcher: Sendable {
    /// What is watched, and how patiently.
    public struct Options: Sendable {
        public var namespace: String
        public var labelSelector: String?
        public var fieldSelector: String?
        /// How many objects come in one page of a list.
        public var pageSize: Int
        /// After how long the server is asked to end a watch.
        public var watchTimeout: Duration
        /// How long a watch may be silent before it counts as dead. Bookmarks come about once a minute, so this is
        /// silence even where nothing changes.
        public var idleTimeout: Duration
        public var backoff: Backoff

        /// Everything in a namespace, or in all of them if it is empty.
        public init(
            namespace: String = "",
            labelSelector: String? = nil,
            fieldSelector: String? = nil,
            pageSize: Int = 500,
            watchTimeout: Duration = .seconds(290),
            idleTimeout: Duration = .seconds(150),
            backoff: Backoff = Backoff(base: .milliseconds(800), cap: .seconds(30), jitter: 1)
        ) {
            self.namespace = namespace
            self.labelSelector = labelSelector
            self.fieldSelector = fieldSelector
            self.pageSize = pageSize
            self.watchTimeout = watchTimeout
            self.idleTimeout = idleTimeout
            self.backoff = backoff
        }
    }

    let client: KubeClient
    let resource: GroupVersionResource
    let options: Options
    let time: any TimeSource
    let random: @Sendable () -> Double
    let logger: Logger

    /// A watcher of one resource.
    public init(
        client: KubeClient,
        resource: GroupVersionResource,
        options: Options = Options(),
        time: any TimeSource = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        logger: Logger = Logger(label: "watcher")
    ) {
        self.client = client
        self.resource = resource
        self.options = options
        self.time = time
        self.random = random
        var logger = logger
        logger[metadataKey: "resource"] = "\(resource.groupResource)"
        self.logger = logger
    }

    /// Tells every event to the consumer, in order, until the task is cancelled. Failures are logged and retried.
    public func run(_ consume: @escaping @Sendable (WatcherEvent) -> Void) async throws {
        let progress = Progress(WatcherState(backoff: options.backoff), at: time.instant)
        while true {
            try Task.checkCancellation()
            switch progress.state.withLock({ $0.step }) {
            case .list(let token): try await list(continueToken: token, progress, consume)
            case .watch(let version): try await watch(from: version, progress, consume)
            }
        }
    }

    /// What the reader of a watch and the guard over its silence share.
    private final class Progress: Sendable {
        let state: Mutex<WatcherState>
        let lastActivity: Mutex<Duration>

        init(_ state: WatcherState, at instant: Duration) {
            self.state = Mutex(state)
            lastActivity = Mutex(instant)
        }
    }

    private func list(
        continueToken: String?,
        _ progress: Progress,
        _ consume: @Sendable (WatcherEvent) -> Void
    ) async throws {
        let query = ListOptions(
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            limit: options.pageSize,
            continueToken: continueToken
        )
        let input: WatcherState.Input
        do {
            input = .page(try await client.list(resource, namespace: options.namespace, query))
        } catch {
            input = .failed(try Self.status(error))
        }
        try await handle(input, progress, consume)
    }

    /// Runs one watch until the state wants something else, or nothing has come for too long.
    private func watch(
        from version: String,
        _ progress: Progress,
        _ consume: @escaping @Sendable (WatcherEvent) -> Void
    ) async throws {
        progress.lastActivity.withLock { $0 = time.instant }
        let isSilent = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await read(from: version, progress, consume)
                return false
            }
            group.addTask {
                try await waitForSilence(progress)
                return true
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard isSilent else { return }
        logger.info("watch was idle for too long; reconnecting", metadata: ["after": "\(options.idleTimeout)"])
        try await handle(.watchEnded, progress, consume)
    }

    private func read(
        from version: String,
        _ progress: Progress,
        _ consume: @Sendable (WatcherEvent) -> Void
    ) async throws {
        let query = WatchOptions(
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            resourceVersion: version,
            timeoutSeconds: Int(options.watchTimeout.components.seconds)
        )
        do {
            for try await event in try await client.watch(resource, namespace: options.namespace, query) {
                progress.lastActivity.withLock { $0 = time.instant }
                if try await handle(.event(event), progress, consume) { return }
            }
            try await handle(.watchEnded, progress, consume)
        } catch {
            try await handle(.failed(try Self.status(error)), progress, consume)
        }
    }

    private func waitForSilence(_ progress: Progress) async throws {
        while true {
            let silence = time.instant - progress.lastActivity.withLock { $0 }
            guard silence < options.idleTimeout else { return }
            try await time.sleep(for: options.idleTimeout - silence)
        }
    }

    /// Advances the state and does what it says; tells whether another step is to be taken.
    @discardableResult
    private func handle(
        _ input: WatcherState.Input,
        _ progress: Progress,
        _ consume: @Sendable (WatcherEvent) -> Void
    ) async throws -> Bool {
        let output = progress.state.withLock { $0.handle(input, random: random()) }
        for event in output.events { consume(event) }
        if let failure = output.failure {
            logger.warning(
                "watch failed and is resumed",
                metadata: ["error": "\(failure)", "code": "\(failure.code)", "delay": "\(output.delay)"]
            )
        }
        if output.next != nil, output.delay > .zero { try await time.sleep(for: output.delay) }
        return output.next != nil
    }

    /// A failure as a Status; cancellation is none and passes through.
    private static func status(_ error: any Error) throws -> Status {
        if error is CancellationError { throw error }
        return error as? Status ?? .internalError("\(error)")
    }
}
