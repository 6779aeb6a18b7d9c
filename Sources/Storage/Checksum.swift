/// Detects damaged data: 64 bits over everything that a row, or a line, says.
///
/// Each step maps the state one to one, so any damage within eight bytes that stand together is found for certain,
/// and other damage all but certainly. It does not protect against forgery. What is stored depends on it: never
/// change it without a migration.
public struct Checksum: Sendable {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The sum over nothing.
    public init() {}

    /// The sum over what was added.
    public var value: Int64 { Int64(bitPattern: state) }

    /// One word.
    public mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0xD6E8_FEB8_6659_FD93
        state ^= state >> 32
    }

    /// One number.
    public mutating func add(_ number: Int64) { add(UInt64(bitPattern: number)) }

    /// The bytes and their number, so that what belongs to one value cannot pass for the next.
    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var last: UInt64 = 0
        while offset < bytes.count {
            last = last << 8 | UInt64(bytes[offset])
            offset += 1
        }
        add(last)
    }

    /// Bytes with their number.
    public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    /// A text's UTF-8 with its length.
    public mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }
}
