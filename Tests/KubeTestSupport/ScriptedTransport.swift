public import KubeClient
private import Synchronization

/// A transport whose answers a test scripts, one after the other; it records what was asked.
public final class ScriptedTransport: APITransport {
    /// One answer.
    public enum Answer: Sendable {
        case json(Int, String, headers: [String: String])
        case fails(TransportError)
        /// A body that a test feeds while it is read.
        case stream(AsyncThrowingStream<[UInt8], any Error>)

        /// That status with that body.
        public static func json(_ status: Int, _ text: String) -> Answer { .json(status, text, headers: [:]) }
    }

    private let state: Mutex<(answers: [Answer], requests: [APIRequest])>
    private let arrived = Mutex<[(count: Int, continuation: CheckedContinuation<Void, Never>)]>([])

    /// A transport with those answers; when they are used up, requests wait until they are cancelled.
    public init(_ answers: [Answer]) { state = Mutex((answers, [])) }

    /// What was asked so far.
    public var requests: [APIRequest] { state.withLock { $0.requests } }

    /// Returns when that many requests have arrived.
    public func waitForRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            arrived.withLock { $0.append((count, continuation)) }
            notify()
        }
    }

    private func notify() {
        let count = state.withLock { $0.requests.count }
        let ready = arrived.withLock { waiting in
            defer { waiting.removeAll { $0.count <= count } }
            return waiting.filter { $0.count <= count }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        let answer = state.withLock { state -> Answer? in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        notify()
        switch answer {
        case .json(let status, let text, let headers):
            return APIResponse(status: status, headers: headers, body: Self.body(Array(text.utf8)))
        case .fails(let error):
            throw error
        case .stream(let stream):
            return APIResponse(status: 200, headers: [:], body: stream)
        case nil:
            let (never, continuation) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            continuation.finish()
            throw CancellationError()
        }
    }

    public func shutdown() async {}

    /// A body of one chunk.
    public static func body(_ bytes: [UInt8]) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            continuation.yield(bytes)
            continuation.finish()
        }
    }
}
