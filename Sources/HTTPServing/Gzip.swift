import Synchronization

/// Compresses answers for clients that take `gzip` (RFC 1952).
///
/// LZ77 with fixed Huffman codes: about half of what a full compressor saves, for a page of code. JSON repeats
/// itself so much that this is most of what there is to gain.
package enum Gzip {
    /// Below this many bytes compression costs more than it saves; the reference has the same bound.
    package static func isWorthwhile(_ count: Int) -> Bool { count > 128 * 1024 }

    /// Whether the `Accept-Encoding` header names it. As in the reference a weight makes it another word.
    package static func isAccepted(_ header: String?) -> Bool {
        (header ?? "").split(separator: ",").contains { HeaderText.trimmed($0) == "gzip" }
    }

    /// The bytes as a gzip member.
    package static func compress(_ input: [UInt8]) -> [UInt8] {
        var stream = GzipStream()
        return stream.add(input) + stream.finish()
    }

    fileprivate static func deflate(_ input: [UInt8], into writer: inout BitWriter) {
        // The last place at which each hash of four bytes was seen.
        var table = [Int32](repeating: -1, count: 1 << 15)
        input.withUnsafeBufferPointer { bytes in
            var position = 0
            while position < bytes.count {
                guard position + 4 <= bytes.count else {
                    writer.literal(Int(bytes[position]))
                    position += 1
                    continue
                }
                let word =
                    UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
                    | UInt32(bytes[position + 3]) << 24
                let slot = Int((word &* 2_654_435_761) >> 17)
                let candidate = Int(table[slot])
                table[slot] = Int32(truncatingIfNeeded: position)
                var length = 0
                if candidate >= 0, position - candidate <= 32768 {
                    let limit = min(258, bytes.count - position)
                    while length < limit, bytes[candidate + length] == bytes[position + length] { length += 1 }
                }
                if length >= 4 {
                    writer.match(length: length, distance: position - candidate)
                    position += length
                } else {
                    writer.literal(Int(bytes[position]))
                    position += 1
                }
            }
        }
    }
}

/// A gzip member that comes piece by piece. Every piece is a block of its own.
package struct GzipStream {
    private var writer = BitWriter()
    private var sum = CRC32()
    private var count: UInt32 = 0

    package init() { writer.output += [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] }

    /// Takes the next piece; returns the bytes that are ready.
    package mutating func add(_ input: [UInt8]) -> [UInt8] {
        writer.write(0, count: 1)  // not the last block
        writer.write(1, count: 2)  // fixed codes
        Gzip.deflate(input, into: &writer)
        writer.literal(256)
        sum.add(input)
        count &+= UInt32(truncatingIfNeeded: input.count)
        defer { writer.output.removeAll(keepingCapacity: true) }
        return writer.output
    }

    /// The last bytes.
    package mutating func finish() -> [UInt8] {
        writer.write(1, count: 1)
        writer.write(1, count: 2)
        writer.literal(256)
        writer.flush()
        for value in [sum.value, count] {
            for shift in [0, 8, 16, 24] as [UInt32] { writer.output.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        return writer.output
    }

    /// A body that is compressed while it is sent.
    package static func compressing(_ body: StreamingBody) -> StreamingBody {
        StreamingBody(cancel: body.cancel) { sink in
            let compressor = GzipSink(sink)
            try await body.run(compressor)
            try await compressor.finish()
        }
    }
}

/// Compresses what is sent to another sink.
private final class GzipSink: ResponseSink {
    private let sink: any ResponseSink
    private let stream = Mutex(GzipStream())

    init(_ sink: any ResponseSink) { self.sink = sink }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await sink.write(stream.withLock { $0.add(bytes) })
    }

    func finish() async throws { try await sink.write(stream.withLock { $0.finish() }) }
}

/// Writes the bits of a deflate stream (RFC 1951).
private struct BitWriter {
    var output: [UInt8] = []
    private var buffer: UInt64 = 0
    private var used: UInt64 = 0

    mutating func write(_ value: Int, count: UInt64) {
        buffer |= UInt64(value) << used
        used += count
        while used >= 8 {
            output.append(UInt8(truncatingIfNeeded: buffer))
            buffer >>= 8
            used -= 8
        }
    }

    mutating func flush() {
        if used > 0 { output.append(UInt8(truncatingIfNeeded: buffer)) }
        buffer = 0
        used = 0
    }

    /// Huffman codes go out with their first bit first.
    private mutating func code(_ value: Int, count: Int) {
        var reversed = 0
        for bit in 0..<count where value >> bit & 1 == 1 { reversed |= 1 << (count - 1 - bit) }
        write(reversed, count: UInt64(count))
    }

    /// A literal byte, the end of the block (256) or a length symbol.
    mutating func literal(_ symbol: Int) {
        switch symbol {
        case 0..<144: code(0x30 + symbol, count: 8)
        case 144..<256: code(0x190 + symbol - 144, count: 9)
        case 256..<280: code(symbol - 256, count: 7)
        default: code(0xC0 + symbol - 280, count: 8)
        }
    }

    mutating func match(length: Int, distance: Int) {
        let (lengthSymbol, lengthBase, lengthBits) = Self.entry(Self.lengths, length)
        literal(257 + lengthSymbol)
        if lengthBits > 0 { write(length - lengthBase, count: UInt64(lengthBits)) }
        let (distanceSymbol, distanceBase, distanceBits) = Self.entry(Self.distances, distance)
        code(distanceSymbol, count: 5)
        if distanceBits > 0 { write(distance - distanceBase, count: UInt64(distanceBits)) }
    }

    private static func entry(_ table: [(base: Int, bits: Int)], _ value: Int) -> (symbol: Int, base: Int, bits: Int) {
        var low = 0
        var high = table.count
        while low < high {
            let middle = (low + high) / 2
            if table[middle].base <= value { low = middle + 1 } else { high = middle }
        }
        return (low - 1, table[low - 1].base, table[low - 1].bits)
    }

    private static let lengths: [(base: Int, bits: Int)] = {
        var table: [(base: Int, bits: Int)] = []
        var base = 3
        for symbol in 0..<28 {
            let bits = symbol < 8 ? 0 : (symbol - 4) / 4
            table.append((base, bits))
            base += 1 << bits
        }
        table.append((258, 0))
        return table
    }()

    private static let distances: [(base: Int, bits: Int)] = {
        var table: [(base: Int, bits: Int)] = []
        var base = 1
        for symbol in 0..<30 {
            let bits = symbol < 4 ? 0 : (symbol - 2) / 2
            table.append((base, bits))
            base += 1 << bits
        }
        return table
    }()
}

/// The check sum of gzip.
struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    private var state: UInt32 = 0xFFFF_FFFF

    /// The sum of everything that was added.
    var value: UInt32 { state ^ 0xFFFF_FFFF }

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { state = state >> 8 ^ Self.table[Int((state ^ UInt32(byte)) & 0xFF)] }
    }
}
