import APIMachinery

/// `sleep`: waits for `with.seconds` (a number) or `with.duration` (`"1m30s"`), in its slot.
public struct SleepExecutor: JobExecutor {
    private let clock: any Clock<Duration>

    /// Makes an executor that waits by that clock.
    public init(clock: any Clock<Duration> = ContinuousClock()) { self.clock = clock }

    /// Waits; the output says how many seconds.
    public func execute(_ job: Job, context: JobContext) async -> JobResult {
        let duration: Duration
        do throws(JobError) { duration = try Self.duration(job.with) } catch { return .failed(error) }
        do { try await clock.sleep(for: duration) } catch { return .stopped }
        return .succeeded(["seconds": .double(duration.inSeconds)])
    }

    /// How long to wait according to `with`.
    static func duration(_ with: JSONValue) throws(JobError) -> Duration {
        func invalid(_ message: String) -> JobError { JobError("InvalidInput", message, retryable: false) }
        switch (with["seconds"], with["duration"]) {
        case (.some, .some): throw invalid("with.seconds and with.duration are both given: keep one")
        case (nil, nil): throw invalid("with.seconds (a number) or with.duration (such as \"1m30s\") is required")
        case (let seconds?, nil):
            // Expressions may have made a text of the number.
            guard let value = seconds.doubleValue ?? seconds.stringValue.flatMap(Double.init), value >= 0,
                value.isFinite
            else { throw invalid("with.seconds is \(seconds.text): it must be a number of at least 0") }
            return .bounded(seconds: value)
        case (nil, let text?):
            guard let value = text.stringValue.flatMap(GoDuration.parse) else {
                throw invalid(
                    "with.duration is \(text.text): it must be a duration such as \"90s\", \"1m30s\", \"250ms\""
                )
            }
            return value
        }
    }
}
