/// A file or directory that could not be read or written.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public let description: String

    /// An error with that description, which says what to do.
    public init(_ description: String) { self.description = description }
}
