/// Random secrets that are kept in private files: the administrator's token, the key of the runners' tokens.
public enum SecretFile {
    /// The secret in that file. A missing or empty file gets a new one, durable on return.
    ///
    /// - Throws: a `FileError` that says what to do.
    public static func ensure(at path: String) throws(FileError) -> String {
        if let secret = PrivateFiles.read(path)?.split(whereSeparator: \.isWhitespace).first { return String(secret) }
        let secret = makeSecret()
        try PrivateFiles.write(secret + "\n", to: path)
        return secret
    }

    /// 256 random bits of the system's generator, in hexadecimal digits.
    static func makeSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in Hexadecimal.text(generator.next() as UInt64, width: 16) }.joined()
    }
}
