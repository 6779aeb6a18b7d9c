import Glibc
import NIOCore

/// Reads HTTP/1.1 answers: with a length, in chunks, or up to the end of the connection.
struct AnswerParser {
    private enum State {
        case head
        case sized(Int)
        case chunkSize
        case chunk(Int)
        case trailer
        case untilEnd
    }

    private var buffer = ByteBuffer()
    private var state = State.head
    private var answer = FuzzAnswer(status: 0, body: [])
    /// What came is no answer.
    private(set) var isBroken = false

    mutating func add(_ bytes: ByteBuffer) {
        var bytes = bytes
        buffer.writeBuffer(&bytes)
    }

    /// The next whole answer, if it is there.
    mutating func next() -> FuzzAnswer? {
        while !isBroken {
            switch state {
            case .head:
                guard readHead() else { return nil }
            case .sized(let count):
                guard let bytes = buffer.readBytes(length: count) else { return nil }
                answer.body = bytes
                return complete()
            case .chunkSize:
                guard let line = readLine() else { return nil }
                guard let count = Int(line.prefix { $0 != ";" }, radix: 16), count >= 0 else { return broken() }
                state = count == 0 ? .trailer : .chunk(count)
            case .chunk(let count):
                guard buffer.readableBytes >= count + 2, let bytes = buffer.readBytes(length: count) else { return nil }
                buffer.moveReaderIndex(forwardBy: 2)
                answer.body += bytes
                state = .chunkSize
            case .trailer:
                guard let line = readLine() else { return nil }
                if line.isEmpty { return complete() }
            case .untilEnd:
                return nil
            }
        }
        return nil
    }

    /// The answer that the end of the connection completes; the beginning of a stream is one.
    mutating func finish() -> FuzzAnswer? {
        guard !isBroken, answer.status != 0 else { return nil }
        if case .untilEnd = state { answer.body = Array(buffer.readableBytesView) }
        answer.closes = true
        return complete()
    }

    private mutating func complete() -> FuzzAnswer {
        let complete = answer
        answer = FuzzAnswer(status: 0, body: [])
        state = .head
        return complete
    }

    private mutating func broken() -> FuzzAnswer? {
        isBroken = true
        return nil
    }

    private mutating func readLine() -> String? {
        let length = buffer.withUnsafeReadableBytes { bytes -> Int? in
            guard let start = bytes.baseAddress, let end = memchr(start, 0x0A, bytes.count) else { return nil }
            return UnsafeRawPointer(end) - start
        }
        guard let length, let line = buffer.readString(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        return line.utf8.last == 0x0D ? String(line.unicodeScalars.dropLast()) : line
    }

    private mutating func readHead() -> Bool {
        let start = buffer.readerIndex
        guard let line = readLine() else { return false }
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            isBroken = true
            return false
        }
        var length: Int?
        var isChunked = false
        var closes = false
        while true {
            guard let field = readLine() else {
                buffer.moveReaderIndex(to: start)
                return false
            }
            if field.isEmpty { break }
            let parts = field.split(separator: ":", maxSplits: 1).map { $0.lowercased() }
            guard parts.count == 2 else { continue }
            let value = String(parts[1].drop { $0 == " " })
            switch parts[0] {
            case "content-length": length = Int(value)
            case "transfer-encoding": isChunked = value == "chunked"
            case "connection": closes = value == "close"
            default: break
            }
        }
        // An answer that only announces another.
        if (100..<200).contains(status) { return true }
        answer = FuzzAnswer(status: status, body: [], closes: closes)
        if status == 204 || status == 304 { length = 0 }
        state = isChunked ? .chunkSize : length.map { .sized(max(0, $0)) } ?? .untilEnd
        return true
    }
}
