public import APIMachinery

/// Why the object store did not do what it was asked to.
public struct ObjectStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the caller can make of it.
    public enum Code: Sendable, Hashable {
        /// Nothing is stored under the key.
        case notFound
        /// Something is stored under the key already.
        case alreadyExists
        /// Another revision is stored than the one expected.
        case conflict
        /// The history asked for has been compacted.
        case expired
        /// The store cannot be written or read now: a full disk, a lost permission. Nothing was changed.
        case unavailable
        /// What is stored is damaged; serving it would spread the damage.
        case corrupt
        /// The keeper of the objects will not have this one; `status` says why.
        case refused
    }

    public var code: Code
    /// What happened and what to do about it.
    public var message: String
    /// The answer for the client, where the keeper of the objects knows more than the code says.
    public var status: Status?

    /// A refusal with that answer.
    public init(_ status: Status) {
        code = .refused
        message = status.message ?? "refused"
        self.status = status
    }

    /// An error with a message for people.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    static func notFound(_ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(.notFound, "\(key.resource) \"\(key.path)\" is not stored")
    }

    static func alreadyExists(_ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(.alreadyExists, "\(key.resource) \"\(key.path)\" is stored already")
    }

    static func conflict(_ key: ObjectKey, expected: Int64, stored: Int64) -> ObjectStoreError {
        ObjectStoreError(
            .conflict,
            "\(key.resource) \"\(key.path)\" is of revision \(stored), not of revision \(expected)"
        )
    }

    /// History after `revision` was asked for, but is kept only after `compacted`.
    public static func expired(_ revision: Int64, compacted: Int64) -> ObjectStoreError {
        ObjectStoreError(.expired, "too old resource version: \(revision) (\(compacted))")
    }
}

extension ObjectWrite {
    /// Judges the write against the revision that is stored under its key (`nil`: nothing is), as every store must.
    ///
    /// - Returns: what kind of change it is.
    public func kind(storedRevision: Int64?) throws(ObjectStoreError) -> ObjectChange.Kind {
        switch (operation, storedRevision) {
        case (.create, nil): return .created
        case (.create, .some): throw .alreadyExists(key)
        case (.update, nil), (.delete, nil): throw .notFound(key)
        case (.update(let expected), .some(let stored)), (.delete(let expected), .some(let stored)):
            guard expected == stored else { throw .conflict(key, expected: expected, stored: stored) }
            if case .update = operation { return .updated }
            return .deleted
        }
    }
}
