/// Short names for contents, as Kubernetes' controllers give them to what they make.
public enum RevisionHash {
    /// The characters of generated names: no vowels, so that no words come out, and nothing that looks alike.
    static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// A name of eight characters for these bytes. `collisions` gives another name to the same bytes.
    public static func name(of bytes: [UInt8], collisions: Int = 0) -> String {
        // FNV-1a of 64 bits, folded: 32 bits would collide after some ten thousand revisions.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        if collisions > 0 {
            for byte in String(collisions).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return text(hash, length: 8)
    }

    /// That many characters made of a number.
    public static func text(_ number: UInt64, length: Int) -> String {
        var rest = number
        var characters: [UInt8] = []
        for _ in 0..<length {
            characters.append(alphabet[Int(rest % UInt64(alphabet.count))])
            rest /= UInt64(alphabet.count)
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
