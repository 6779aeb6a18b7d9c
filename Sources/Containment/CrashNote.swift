import APIMachinery
import CCrashNote
import Glibc

/// The mapped file that says what the process works on, also after its death.
final class CrashNote: Sendable {
    // lint: the mapping is written through atomics alone (CCrashNote.c), and lives as long as this object.
    private nonisolated(unsafe) let note: OpaquePointer

    /// Maps the file, which is made if it is missing.
    ///
    /// - Throws: `Errno` as text in `CrashNoteError`.
    init(path: String) throws {
        guard let note = cn_open(path) else {
            throw CrashNoteError(description: "\(path) cannot be mapped: \(String(cString: strerror(errno)))")
        }
        self.note = note
    }

    deinit { cn_close(note) }

    /// How the process ended that wrote the note, before ``start()``.
    var previousEnd: PreviousEnd {
        var end = PreviousEnd()
        end.isOrderly = cn_was_stopped(note) != 0
        let signal = cn_trap_signal(note)
        end.signal = signal > 0 ? signal : nil
        end.culprit = subject(cn_culprit(note))
        end.underWay = (0..<CN_SLOTS).compactMap { subject($0) }
        return end
    }

    private func subject(_ slot: Int32) -> WorkSubject? {
        let key = [UInt8](unsafeUninitializedCapacity: Int(CN_KEY)) { buffer, count in
            let length = buffer.withMemoryRebound(to: CChar.self) { cn_key(note, slot, $0.baseAddress) }
            count = max(0, Int(length))
        }
        return key.isEmpty ? nil : WorkSubject(key: key)
    }

    /// Begins a process' life with nothing under way, and has its faults noted.
    func start() {
        cn_start(note)
        cn_watch_faults(note)
    }

    func stop() { cn_stop(note) }

    /// Marks the subject; answers the slot.
    func begin(_ kind: String, _ namespace: String, _ name: String, _ uid: String, isOnThread: Bool) -> Int32 {
        var (kind, namespace, name, uid) = (kind, namespace, name, uid)
        return kind.withUTF8 { kind in
            namespace.withUTF8 { namespace in
                name.withUTF8 { name in
                    uid.withUTF8 { uid in
                        cn_begin(
                            note,
                            isOnThread ? 1 : 0,
                            kind.baseAddress,
                            kind.count,
                            namespace.baseAddress,
                            namespace.count,
                            name.baseAddress,
                            name.count,
                            uid.baseAddress,
                            uid.count
                        )
                    }
                }
            }
        }
    }

    func end(_ slot: Int32) { cn_end(note, slot) }
}

/// Why there is no note.
public struct CrashNoteError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
