import APIMachinery
import HTTPServing
import NIOCore

/// GET with `watch`: the changes of a collection, as they happen.
enum WatchVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        guard context.form.encoding == .json else { throw Negotiation.notAcceptable }
        let options = try ListOptions(context, isWatch: true)
        let interest = WatchInterest(
            namespace: resource.isNamespaced && !context.info.namespace.isEmpty ? context.info.namespace : nil,
            selection: try Selection(context, resource: resource)
        )
        let seconds = options.timeout ?? .seconds(Int64.random(in: 1800...3600))
        // 0, like none, asks for the state first; any other revision for what came after it.
        let isFromState = (options.revision ?? 0) == 0 || options.sendInitialEvents == true
        let watcher = Watcher(
            interest: interest,
            after: isFromState ? 0 : options.revision ?? 0,
            deadline: context.now.advanced(by: seconds),
            wantsBookmarks: options.allowsBookmarks,
            now: context.now
        )
        let encoder = try WatchEncoder(resource: resource, context: context, now: core.options.now)
        let start: WatchStart?
        var failure: Status?
        do throws(Status) {
            if let revision = options.revision, options.sendInitialEvents == true {
                try await ListOptions.waitUntilKnown(revision, backend: backend)
            }
            start = try await backend.watch(watcher, after: isFromState ? nil : options.revision)
            if let start, isFromState { watcher.skip(upTo: start.revision) }
            // Asked after the watcher was added: whoever ends all watches has seen it, or is seen here.
            if core.caches.areWatchesOver || options.timeout == .zero { watcher.finish() }
        } catch {
            watcher.finish()
            // A history that is gone is told within the watch, as clients expect it there.
            guard error.code == 410 else { throw error }
            (start, failure) = (nil, error)
        }
        let stream = WatchStream(
            watcher: watcher,
            converter: backend.converter,
            encoder: encoder,
            start: start,
            failure: failure,
            sendsState: options.sendInitialEvents != false,
            marksEndOfState: options.sendInitialEvents == true && options.allowsBookmarks
        )
        return APIResponse(
            contentType: context.form.contentType,
            body: .stream(
                StreamingBody {
                    watcher.finish()
                } run: { sink in
                    try await stream.send(to: sink)
                }
            )
        )
    }
}

/// The answer to one watch request. With the last reference to it the watch is over, sent or not.
private final class WatchStream: Sendable {
    /// Small lines are put together into pieces of this size.
    private static let pieceSize = 64 << 10

    private let watcher: Watcher
    /// Brings objects to the version of the request, where that takes a webhook.
    private let converter: (any ObjectConverter)?
    private let encoder: WatchEncoder
    private let start: WatchStart?
    private let failure: Status?
    private let sendsState: Bool
    private let marksEndOfState: Bool

    init(
        watcher: Watcher,
        converter: (any ObjectConverter)?,
        encoder: WatchEncoder,
        start: WatchStart?,
        failure: Status?,
        sendsState: Bool,
        marksEndOfState: Bool
    ) {
        self.watcher = watcher
        self.converter = converter
        self.encoder = encoder
        self.start = start
        self.failure = failure
        self.sendsState = sendsState
        self.marksEndOfState = marksEndOfState
    }

    deinit { watcher.finish() }

    func send(to sink: any ResponseSink) async throws {
        defer { watcher.finish() }
        // An empty piece sends the head at once: the client must see that the watch stands.
        try await sink.write([])
        if let failure { return try await sink.write(buffer: WatchEncoder.error(failure)) }
        do {
            try await sendEvents(to: sink)
        } catch let failure as Status {
            // An object that cannot be converted ends the watch with the reason.
            try await sink.write(buffer: WatchEncoder.error(failure))
        }
    }

    private func shown(_ objects: [CachedObject]) async throws(Status) -> [CachedObject] {
        guard let converter else { return objects }
        return try await converter.convert(objects)
    }

    private func shown(_ sighting: Sighting) async throws(Status) -> Sighting {
        guard let converter else { return sighting }
        var sighting = sighting
        sighting.object = try await converter.convert([sighting.object])[0]
        return sighting
    }

    private func sendEvents(to sink: any ResponseSink) async throws {
        var encoder = encoder
        var pieces = Pieces(sink: sink, size: Self.pieceSize)
        if sendsState, let state = start?.initial {
            for index in 0..<state.chunkCount {
                let wanted = state.chunk(index).filter { watcher.interest.matches($0) }
                for object in try await shown(wanted) {
                    try await pieces.add(encoder.added(object))
                }
            }
        }
        if marksEndOfState, let start {
            try await pieces.add(encoder.bookmark(start.revision, endsInitialEvents: true))
        }
        for event in start?.missed ?? [] where watcher.isNew(event) {
            guard let sighting = Sighting(event, as: watcher.interest, frames: SharedFrames()) else { continue }
            try await pieces.add(encoder.frame(try await shown(sighting)))
        }
        try await pieces.flush()
        while let notices = await watcher.next() {
            for notice in notices {
                switch notice {
                case .bookmark(let revision):
                    try await pieces.add(encoder.bookmark(revision, endsInitialEvents: false))
                case .event(let sighting): try await pieces.add(encoder.frame(try await shown(sighting)))
                }
            }
            try await pieces.flush()
        }
    }
}

/// Puts small pieces together, and sends what is alone as it is, without a copy.
private struct Pieces {
    let sink: any ResponseSink
    let size: Int
    private var collected: ByteBuffer?

    init(sink: any ResponseSink, size: Int) {
        self.sink = sink
        self.size = size
    }

    mutating func add(_ piece: ByteBuffer) async throws {
        var piece = piece
        if var all = collected {
            collected = nil
            all.writeBuffer(&piece)
            collected = all
        } else {
            collected = piece
        }
        if let count = collected?.readableBytes, count >= size { try await flush() }
    }

    mutating func flush() async throws {
        guard let piece = collected else { return }
        collected = nil
        try await sink.write(buffer: piece)
    }
}
