import NIOCore
import NIOPosix
import NIOSSL

/// One connection to a port of the plane. It takes several requests at once, one behind the other without waiting, and
/// sends whatever it is given: no client library would let that through, or be quick enough.
struct PlaneConnection: Sendable {
    private let channel: any Channel

    init(port: Int, isEncrypted: Bool) async throws {
        let reader = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isEncrypted {
                        let handler = try NIOSSLClientHandler(context: Self.context.get(), serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(AnswerReader())
                }
            }
        channel = try await reader.connect(host: "127.0.0.1", port: port).get()
    }

    private static let context = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return try NIOSSLContext(configuration: configuration)
    }

    var isOpen: Bool { channel.isActive }

    /// Sends the requests and reads their answers; fewer if the plane ends the connection, or does not answer in time.
    func exchange(_ requests: [[UInt8]], within bound: TimeAmount) async -> [FuzzAnswer] {
        let promise = channel.eventLoop.makePromise(of: [FuzzAnswer].self)
        channel.writeAndFlush(
            AnswerReader.Batch(bytes: requests.flatMap { $0 }, count: requests.count, promise: promise),
            promise: nil
        )
        let channel = channel
        let timer = channel.eventLoop.scheduleTask(in: bound) { channel.close(promise: nil) }
        // The reader only ever succeeds: with what came.
        let answers = (try? await promise.futureResult.get()) ?? []
        timer.cancel()
        return answers
    }

    func close() async {
        // It may be closed already.
        try? await channel.close()
    }
}

/// Reads the answers to batches of requests off a connection.
private final class AnswerReader: ChannelDuplexHandler {
    struct Batch: Sendable {
        var bytes: [UInt8]
        var count: Int
        var promise: EventLoopPromise<[FuzzAnswer]>
    }

    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Batch
    typealias OutboundOut = ByteBuffer

    private var batch: Batch?
    private var answers: [FuzzAnswer] = []
    private var parser = AnswerParser()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let batch = unwrapOutboundIn(data)
        guard context.channel.isActive, self.batch == nil else {
            batch.promise.succeed([])
            promise?.succeed()
            return
        }
        self.batch = batch
        context.write(wrapOutboundOut(ByteBuffer(bytes: batch.bytes)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.add(unwrapInboundIn(data))
        while let answer = parser.next() {
            answers.append(answer)
            if answer.closes {
                finish()
                context.close(promise: nil)
                return
            }
            if answers.count == batch?.count { finish() }
        }
        if parser.isBroken { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let answer = parser.finish() { answers.append(answer) }
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func finish() {
        batch?.promise.succeed(answers)
        batch = nil
        answers = []
    }
}
