import APIMachinery

/// The `timeout` of a request: how long the client is going to wait for the answer.
enum RequestTimeout {
    /// Longer than this no request may take, whatever it says.
    private static let maximum: Duration = .seconds(60)

    /// How long the request may take; `nil` if it may take as long as it does.
    ///
    /// - Throws: a 400 if the option cannot be read.
    static func allowance(_ request: APIRequest, _ info: RequestInfo?) throws(Status) -> Duration? {
        if let info, isLongRunning(info) { return nil }
        guard let text = request.query["timeout"], !text.isEmpty else { return nil }
        let duration: Duration
        do throws(GoDuration.Failure) {
            duration = try GoDuration.read(text)
        } catch {
            throw .badRequest("invalid timeout specified in the request URL - \(error.message)")
        }
        // None, and more than there is, are as if nothing was said.
        return duration > .zero && duration < maximum ? duration : nil
    }

    private static func isLongRunning(_ info: RequestInfo) -> Bool {
        ["watch", "proxy"].contains(info.verb)
            || ["attach", "exec", "proxy", "log", "portforward"].contains(info.subresource)
    }

    /// The 504 of a request whose time is up.
    static let isOver = Status(
        code: 504,
        reason: .timeout,
        message: "Timeout: request did not complete within the allotted timeout",
        details: Status.Details()
    )
}

extension Status {
    /// The answer, which nobody gets, to a request whose client has left or which the end of the server cut off.
    static let cancelled = Status(
        code: 499,
        reason: nil,
        message: "the request was cancelled: its client closed the connection, or the server is stopping"
    )

    /// Ends what takes long when its answer is not wanted any more.
    static func checkCancellation() throws(Status) {
        if Task.isCancelled { throw .cancelled }
    }
}
