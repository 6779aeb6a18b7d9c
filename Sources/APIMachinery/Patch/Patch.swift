/// Changes to objects as `PATCH` requests describe them, in three dialects; all are pure functions.
///
/// They do what kube-apiserver 1.36 does up to the point where the result is decoded into its type, defaulted and
/// validated, which is left to the caller.
public enum Patch {
    /// What came out of a patch.
    public struct Outcome: Sendable, Equatable {
        /// The object after the patch.
        public var result: JSONValue
        /// Members that occur twice in the patch, `duplicate field "spec.replicas"`: under strict
        /// `fieldValidation` they are an error, by default warnings.
        public var duplicates: [String]

        /// A result, and warnings about the patch for the client.
        public init(result: JSONValue, duplicates: [String] = []) {
            self.result = result
            self.duplicates = duplicates
        }
    }

    /// More operations than these in one JSON patch are refused.
    public static let maximumOperations = 10_000

    /// All `copy` operations of one JSON patch together may add this many bytes of JSON.
    public static let maximumCopiedBytes = 3 * 1024 * 1024

    /// Reads the patch itself; anything but JSON is the client's fault.
    static func decode(_ bytes: some Collection<UInt8>) throws(PatchError) -> (value: JSONValue, duplicates: [String]) {
        let parsed: (value: JSONValue, duplicates: [String])
        do {
            parsed = try JSONValue.parseReportingDuplicates(bytes)
        } catch {
            throw PatchError(code: 400, message: "error decoding patch: \(error)")
        }
        var duplicates: [String] = []
        for path in parsed.duplicates {
            let message = "duplicate field \"\(path)\""
            if !duplicates.contains(message) { duplicates.append(message) }
            // As many as the reference reports.
            if duplicates.count == 100 { break }
        }
        return (parsed.value, duplicates)
    }
}

/// Why a patch cannot be applied.
public struct PatchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status with which to answer: 400 if the patch itself is wrong, 413 if it is too large, 422 if
    /// it does not fit the object, 500 where the reference has no better answer.
    public var code: Int
    /// What is wrong, for the client.
    public var message: String

    /// A failure with that status.
    public init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
