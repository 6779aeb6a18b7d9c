public import ControllerRuntime
import Logging

/// Where decisions are recorded.
public protocol EventSink: Sendable {
    /// Notes that something happened as wanted.
    func normal(_ object: ObjectReference, reason: String, _ message: String)
    /// Notes that something needs attention.
    func warning(_ object: ObjectReference, reason: String, _ message: String)
}

extension EventRecorder: EventSink {}

/// Writes every Event to the log as well: a decision leaves both.
struct LoggedEvents: EventSink {
    let events: any EventSink
    let logger: Logger

    func normal(_ object: ObjectReference, reason: String, _ message: String) {
        logger.info("\(reason)", metadata: metadata(object, message))
        events.normal(object, reason: reason, message)
    }

    func warning(_ object: ObjectReference, reason: String, _ message: String) {
        logger.warning("\(reason)", metadata: metadata(object, message))
        events.warning(object, reason: reason, message)
    }

    private func metadata(_ object: ObjectReference, _ message: String) -> Logger.Metadata {
        [
            "kind": "\(object.kind)", "namespace": "\(object.namespace)", "name": "\(object.name)",
            "message": "\(message)",
        ]
    }
}
