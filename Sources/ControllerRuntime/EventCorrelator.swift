public import APIMachinery

/// What an Event is about (`core/v1 ObjectReference`).
public struct ObjectReference: Sendable, Hashable {
    public var apiVersion: String
    public var kind: String
    public var namespace: String
    public var name: String
    public var uid: String
    public var resourceVersion: String
    /// A part of the object, such as `spec.containers{agent}`.
    public var fieldPath: String

    /// A reference to an object.
    public init(
        apiVersion: String,
        kind: String,
        namespace: String,
        name: String,
        uid: String,
        resourceVersion: String = "",
        fieldPath: String = ""
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.fieldPath = fieldPath
    }

    /// A reference to that object.
    public init(_ object: Unstructured, fieldPath: String = "") {
        self.init(
            apiVersion: object.apiVersion,
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
            uid: object.uid,
            resourceVersion: object.resourceVersion,
            fieldPath: fieldPath
        )
    }

    /// A reference to that object.
    public init<Object: Resource>(_ object: Object, fieldPath: String = "") {
        self.init(
            apiVersion: Object.groupVersionKind.apiVersion,
            kind: Object.groupVersionKind.kind,
            namespace: object.metadata.namespace ?? "",
            name: object.metadata.name ?? "",
            uid: object.metadata.uid ?? "",
            resourceVersion: object.metadata.resourceVersion ?? "",
            fieldPath: fieldPath
        )
    }
}

/// Something that happened to an object, before it has become an Event.
public struct Occurrence: Sendable, Hashable {
    /// Whether it is what was wanted.
    public enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    public var object: ObjectReference
    public var kind: Kind
    /// One word in CamelCase that machines go by.
    public var reason: String
    /// One sentence for people.
    public var message: String
    public var time: Timestamp

    /// Something that happened at that time.
    public init(object: ObjectReference, kind: Kind, reason: String, message: String, time: Timestamp) {
        self.object = object
        self.kind = kind
        self.reason = reason
        self.message = message
        self.time = time
    }
}

/// Turns many occurrences into few Events, as client-go does. Pure.
///
/// The same occurrence again raises the count of its Event. More than ten different messages for one object and reason
/// within ten minutes become one combined Event. An object that says the same kind of thing without end is rate limited:
/// 25 at once, then one in five minutes. Unlike client-go, each reason has its own allowance: a pool that makes and
/// deletes many Pods must still be able to say that it rolled back.
public struct EventCorrelator: Sendable {
    /// What to do with an occurrence.
    public enum Action: Sendable, Hashable {
        /// A new Event with that name.
        case create(name: String, Occurrence)
        /// The Event of that name has happened once more, so many times in all.
        case update(name: String, Occurrence, count: Int64)
        /// Dropped by the rate limit.
        case drop
    }

    private struct Key: Hashable {
        var object: ObjectReference
        var kind: Occurrence.Kind
        var reason: String
        var message: String

        init(_ occurrence: Occurrence) {
            object = occurrence.object
            // A newer version of the object is still the same object.
            object.resourceVersion = ""
            kind = occurrence.kind
            reason = occurrence.reason
            message = occurrence.message
        }
    }

    private struct Known {
        var name: String
        var count: Int64
        var last: Timestamp
    }

    private struct Similar {
        var messages: Set<String> = []
        var since: Timestamp
        var last: Timestamp
    }

    private struct Bucket {
        var tokens: Double
        var filledAt: Timestamp
    }

    static let similarLimit = 10
    static let window = Duration.seconds(600)
    static let burst = 25.0
    static let refillPerSecond = 1.0 / 300
    /// How many keys are remembered before the oldest are forgotten.
    static let capacity = 4096

    private var known: [Key: Known] = [:]
    private var similar: [Key: Similar] = [:]
    private var buckets: [Key: Bucket] = [:]

    /// A correlator that has seen nothing.
    public init() {}

    /// What to do with the occurrence. `suffix` makes the name of a new Event unique.
    public mutating func correlate(_ occurrence: Occurrence, suffix: String) -> Action {
        forgetOld(now: occurrence.time)
        guard takeToken(occurrence) else { return .drop }
        var occurrence = occurrence
        var group = Key(occurrence)
        group.message = ""
        var seen = similar[group] ?? Similar(since: occurrence.time, last: occurrence.time)
        if occurrence.time.since(seen.last) > Self.window {
            seen = Similar(since: occurrence.time, last: occurrence.time)
        }
        seen.last = occurrence.time
        seen.messages.insert(occurrence.message)
        similar[group] = seen
        var key = Key(occurrence)
        if seen.messages.count > Self.similarLimit {
            // The combined Event is one Event whatever the message, and shows the last one.
            key.message = "\u{0}combined"
            occurrence.message = "(combined from similar events): \(occurrence.message)"
        }
        if var event = known[key] {
            event.count += 1
            event.last = occurrence.time
            known[key] = event
            return .update(name: event.name, occurrence, count: event.count)
        }
        let name = Self.name(for: occurrence.object, suffix: suffix)
        known[key] = Known(name: name, count: 1, last: occurrence.time)
        return .create(name: name, occurrence)
    }

    /// The Event is gone from the server (they expire), so that the next occurrence makes a new one.
    public mutating func forget(name: String) {
        known = known.filter { $0.value.name != name }
    }

    private mutating func takeToken(_ occurrence: Occurrence) -> Bool {
        var key = Key(occurrence)
        key.object.fieldPath = ""
        key.message = ""
        var bucket = buckets[key] ?? Bucket(tokens: Self.burst, filledAt: occurrence.time)
        let elapsed = max(occurrence.time.since(bucket.filledAt), .zero) / .seconds(1)
        bucket.tokens = min(Self.burst, bucket.tokens + elapsed * Self.refillPerSecond)
        bucket.filledAt = occurrence.time
        defer { buckets[key] = bucket }
        guard bucket.tokens >= 1 else { return false }
        bucket.tokens -= 1
        return true
    }

    private mutating func forgetOld(now: Timestamp) {
        guard known.count + similar.count + buckets.count > Self.capacity else { return }
        let horizon = now.advanced(by: .zero - Self.window)
        known = known.filter { $0.value.last > horizon }
        similar = similar.filter { $0.value.last > horizon }
        buckets = buckets.filter { $0.value.filledAt > horizon }
        // Everything is recent: better to repeat some Events than to grow without bound.
        if known.count + similar.count + buckets.count > Self.capacity {
            known = [:]
            similar = [:]
            buckets = [:]
        }
    }

    /// `OBJECT.SUFFIX`, cut to the length that names may have.
    private static func name(for object: ObjectReference, suffix: String) -> String {
        "\(object.name.prefix(253 - suffix.utf8.count - 1)).\(suffix)"
    }
}
