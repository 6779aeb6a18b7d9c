import APIMachinery
import NIOCore
import Synchronization

/// An event as those see it who select alike.
package struct Sighting: Sendable {
    package enum Kind: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }

    package var kind: Kind
    /// The object as it is shown.
    package var object: CachedObject
    /// The revision of the event, which is the object's but when the object left the selection.
    package var revision: Int64
    /// What has been written of the event, for all that see it.
    package var frames: SharedFrames

    /// How the event looks to those who want this; `nil` if they do not care.
    package init?(_ event: CacheEvent, as interest: WatchInterest, frames: SharedFrames) {
        revision = event.revision
        self.frames = frames
        let matches = event.kind != .deleted && interest.matches(event.object)
        let matched =
            event.previous.map(interest.matches) ?? (event.kind == .deleted && interest.matches(event.object))
        switch (matches, matched) {
        case (true, true): kind = .modified
        case (true, false): kind = .added
        case (false, true): kind = .deleted
        case (false, false): return nil
        }
        // An object that leaves the selection is shown as it last was in it, with the revision of the change.
        object = event.object
        if kind == .deleted, event.kind != .deleted, let previous = event.previous { object = previous }
    }
}

/// The lines written of one event, so that a thousand watchers of the same form cost one of each.
package final class SharedFrames: Sendable {
    /// What a line depends on besides the event.
    package struct Key: Hashable {
        package var kind: Sighting.Kind
        /// The revision of the object that is shown: that of the event, or the one before.
        package var object: Int64
        package var apiVersion: String
        var transform: OutputForm.Transform
        /// What tables contain besides the cells.
        var inclusion: String
        var hasColumns: Bool
    }

    private let frames = Mutex<[Key: ByteBuffer]>([:])

    /// The line of that key, made if it is the first.
    func frame<Failure: Error>(_ key: Key, make: () throws(Failure) -> ByteBuffer) throws(Failure) -> ByteBuffer {
        try frames.withLock { frames throws(Failure) in
            if let frame = frames[key] { return frame }
            let frame = try make()
            frames[key] = frame
            return frame
        }
    }
}
