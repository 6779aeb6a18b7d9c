import APIMachinery
import KubeClient

/// Why a command did not do what it was asked, for the person and for the calling script.
struct Failure: Error {
    /// The process' exit code.
    enum Code: Int32 {
        case failed = 1
        case refused = 2
        case notFound = 3
        case plane = 4
    }

    var code: Code
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What an error of the layers below means here; `nil` for errors of the command line's own.
    init?(explaining error: any Error) {
        switch error {
        case let status as Status:
            let code: Code =
                switch status.code {
                case 404: .notFound
                case 400, 409, 413, 415, 422, 429: .refused
                default: .plane
                }
            self.init(code, status.message ?? "\(status)")
        case let error as ConfigurationError:
            self.init(.plane, error.message)
        case let error as TransportError:
            self.init(.plane, error.message)
        default:
            return nil
        }
    }
}
