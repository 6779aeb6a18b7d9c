public import APIMachinery

/// One change delivered by a watch.
public enum WatchEvent: Sendable, Hashable {
    case added(Unstructured)
    case modified(Unstructured)
    /// The object as it was when it went.
    case deleted(Unstructured)
    /// Nothing changed, but the watch has come as far as this version.
    case bookmark(resourceVersion: String)
    /// The server ends the watch; 410 means that a list must come first.
    case error(Status)
}

/// Splits bytes into lines however they were cut into chunks.
struct LineSplitter: Sendable {
    /// A line longer than the limit: the start of the next one is not known.
    struct LineTooLong: Error, Sendable { var limit: Int }

    let limit: Int
    private var pending: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// The lines that are complete now, without their ends; empty lines are left out.
    mutating func append(_ chunk: [UInt8]) throws(LineTooLong) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard pending.count + line.count <= limit else { throw LineTooLong(limit: limit) }
            if pending.isEmpty {
                if !line.isEmpty { lines.append(line) }
            } else {
                lines.append((pending + line)[...])
                pending.removeAll(keepingCapacity: true)
            }
        }
        guard pending.count + rest.count <= limit else { throw LineTooLong(limit: limit) }
        pending.append(contentsOf: rest)
        return lines
    }

    /// What stands after the last end of line, when no more comes.
    mutating func finish() -> ArraySlice<UInt8>? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending[...]
    }
}

/// The events of one watch, in the server's order; can be iterated once.
///
/// Ends when the server ends the watch. Throws a `Status` when the connection breaks or a line makes no sense.
public struct WatchStream: AsyncSequence, Sendable {
    public typealias Element = WatchEvent

    /// The longest line that is accepted: an object may have 1.5 MB in etcd, and more with escapes.
    public static let defaultLineLimit = 16 * 1024 * 1024

    let body: APIResponse.Body
    let lineLimit: Int

    /// Reads the events in a body.
    public init(body: APIResponse.Body, lineLimit: Int = Self.defaultLineLimit) {
        self.body = body
        self.lineLimit = lineLimit
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(chunks: body.makeAsyncIterator(), splitter: LineSplitter(limit: lineLimit))
    }

    /// Reads chunks until a line is complete.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: any AsyncIteratorProtocol<[UInt8], any Error>
        var splitter: LineSplitter
        /// Events of the last chunk that have not been handed out, last first.
        var ready: [WatchEvent] = []
        var isAtEnd = false

        public mutating func next() async throws -> WatchEvent? {
            while ready.isEmpty {
                if isAtEnd { return nil }
                do {
                    if let chunk = try await chunks.next(isolation: #isolation) {
                        ready = try splitter.append(chunk).map(Self.event).reversed()
                    } else {
                        isAtEnd = true
                        ready = try splitter.finish().map { [try Self.event($0)] } ?? []
                    }
                } catch let error as LineSplitter.LineTooLong {
                    throw Status.tooLarge("watch: an event has more than \(error.limit) bytes")
                } catch let error as TransportError {
                    throw Status(code: 503, reason: .connectionFailed, message: error.message)
                }
            }
            return ready.removeLast()
        }

        static func event(_ line: ArraySlice<UInt8>) throws -> WatchEvent {
            let json: JSONValue
            do {
                json = try JSONValue(parsing: line)
            } catch {
                throw Status.internalError("watch: an event is not JSON: \(error)")
            }
            let object = Unstructured(json["object"] ?? .null)
            switch json["type"]?.stringValue {
            case "ADDED": return .added(object)
            case "MODIFIED": return .modified(object)
            case "DELETED": return .deleted(object)
            case "BOOKMARK": return .bookmark(resourceVersion: object.resourceVersion)
            case "ERROR":
                // What is not a Status is an error of its own, below.
                if let status = try? object.decode(Status.self), status.code != 0 { return .error(status) }
                return .error(
                    .internalError("watch: the server reports an error without a Status: \(object.json.text)")
                )
            case let type:
                // An HTTP/1.0 proxy may also end a stream with a bare Status.
                if json["kind"]?.stringValue == "Status",
                    // As above.
                    let status = try? JSONValueDecoder().decode(Status.self, from: json)
                {
                    return .error(status)
                }
                throw Status.internalError("watch: unknown event type \"\(type ?? "")\"")
            }
        }
    }
}
