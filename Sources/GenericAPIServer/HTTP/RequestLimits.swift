import APIMachinery
import HTTPServing
import Hummingbird
import NIOCore
import NIOHTTP1

/// What a single request may bring along.
enum RequestLimits {
    /// Bodies above this many bytes are refused, as Kubernetes refuses them.
    static let maximumBodyBytes = ConnectionLimits.defaultBodyBytes
    /// How many parameters a query may have; Go's limit.
    static let maximumQueryParameters = 10_000

    static let tooLarge = Status.tooLarge("Request entity too large: limit is \(maximumBodyBytes)")

    /// What is wrong with a request before its body is read; `nil` if nothing is.
    static func fault(uri: String, headers: [String: String]) -> Status? {
        if let coding = headers["content-encoding"], !coding.isEmpty, coding.lowercased() != "identity" {
            return .unsupportedMediaType(
                "the body of the request is encoded as \"\(coding)\": send it without Content-Encoding"
            )
        }
        guard uri.utf8.count > maximumQueryParameters else { return nil }
        let separators = uri.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "&") ? 1 : 0) }
        guard separators >= maximumQueryParameters else { return nil }
        return .badRequest(
            "the query has \(separators + 1) parameters: it must have at most \(maximumQueryParameters)"
        )
    }
}

/// Reads a request's body within its limit and within the budget that all bodies share.
struct BodyCollector {
    let flow: FlowControl
    private(set) var bytes: [UInt8] = []
    /// How much of the budget has been taken, to be given back by the caller.
    private(set) var taken = 0

    init(flow: FlowControl) { self.flow = flow }

    /// Reads everything.
    ///
    /// - Throws: 413 at once if the announced length is too much, or as soon as the body is; 429 if the budget is
    ///   used up; 408 if the body takes too long; 400 if its framing is wrong.
    mutating func read(_ body: RequestBody, announced: Int?) async throws(Status) {
        if let announced {
            guard announced <= RequestLimits.maximumBodyBytes else { throw RequestLimits.tooLarge }
            bytes.reserveCapacity(min(announced, 64 << 10))
        }
        do {
            for try await buffer in body {
                let count = buffer.readableBytes
                guard bytes.count + count <= RequestLimits.maximumBodyBytes else { throw RequestLimits.tooLarge }
                // Only what has come counts, or a client could reserve the budget without sending anything.
                guard flow.takeBytes(count) else {
                    throw Status.tooManyRequests(
                        "too many large requests at once, please try again later",
                        retryAfterSeconds: 1
                    )
                }
                taken += count
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch let status as Status {
            throw status
        } catch is RequestBodyTimeout {
            throw Status(code: 408, reason: .timeout, message: "the body of the request took too long")
        } catch let error as HTTPParserError {
            throw .badRequest("the body of the request is malformed: \(error)")
        } catch {
            throw .badRequest("the body of the request could not be read: \(error)")
        }
    }
}
