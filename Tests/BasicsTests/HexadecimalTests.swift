import Basics
import Testing

@Suite struct HexadecimalTests {
    @Test("Bytes have two digits each, and are read in either case")
    func bytes() {
        #expect(Hexadecimal.text([0, 9, 10, 0xAB, 255] as [UInt8]) == "00090aabff")
        #expect(Hexadecimal.text([0, 9, 10, 0xAB, 255] as [UInt8], uppercase: true) == "00090AABFF")
        #expect(Hexadecimal.text([] as [UInt8]) == "")
        #expect(Hexadecimal.bytes("00090aAbFf") == [0, 9, 10, 0xAB, 255])
        #expect(Hexadecimal.bytes("") == [])
    }

    @Test("Anything but pairs of digits is refused", arguments: ["0", "0g", "+f", " f", "f ", "0x", "００", "é"])
    func refused(_ text: String) { #expect(Hexadecimal.bytes(text) == nil) }

    @Test(
        "Numbers are padded with zeros, and never cut",
        arguments: [(0, 1, "0"), (0, 4, "0000"), (255, 2, "ff"), (255, 1, "ff"), (.max, 16, "ffffffffffffffff")]
            as [(UInt64, Int, String)]
    )
    func numbers(_ number: UInt64, _ width: Int, _ text: String) {
        #expect(Hexadecimal.text(number, width: width) == text)
        #expect(Hexadecimal.text(number, width: width, uppercase: true) == text.uppercased())
    }

    @Test("Every byte is a digit or none")
    func digits() {
        let digits = (0...255 as ClosedRange<UInt8>).compactMap { byte in Hexadecimal.digit(byte).map { (byte, $0) } }
        #expect(digits.map(\.0) == Array("0123456789ABCDEFabcdef".utf8))
        #expect(digits.map(\.1) == Array(0...9) + Array(10...15) + Array(10...15))
    }
}
