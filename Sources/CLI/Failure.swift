import APIMachinery
import Basics
import KubeClient
import KubeYAML
import Storage

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

    /// What an error of the layers below means here, and what to do next; `nil` for errors of the command line's own.
    init?(explaining error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let status as Status:
            self.init(explaining: status)
        case let error as ConfigurationError:
            self.init(.plane, "\(error.message); controller standalone writes ~/.martinet/kubeconfig")
        case let error as TransportError:
            self.init(.plane, "\(error.message); \(Self.unreachable)")
        case let error as InputFileError:
            self.init(error.fault == .missing ? .notFound : .refused, "\(error)")
        case let error as YAMLError:
            self.init(.refused, error.message)
        case let error as BackupError:
            self.init(.refused, "\(error)")
        case is CancellationError:
            self.init(.failed, "interrupted")
        default:
            return nil
        }
    }

    private init(explaining status: Status) {
        let message = "\(status)"
        switch status.code {
        case _ where status.isConnectionFailure:
            self.init(.plane, "\(message); \(Self.unreachable)")
        case 401:
            self.init(.plane, "\(message); the kubeconfig belongs to another plane, or its credentials have expired")
        case 403:
            self.init(.plane, "\(message); list your rights with: kubectl auth can-i --list")
        case 404:
            self.init(.notFound, message + Self.list(of: status.details))
        case 429:
            let seconds = status.details?.retryAfterSeconds
            self.init(.refused, "\(message); try again \(seconds.map { "in \($0) s" } ?? "later")")
        case 400, 405, 409, 413, 415, 422:
            self.init(.refused, message)
        default:
            self.init(.plane, message)
        }
    }

    private static let unreachable =
        "is the plane running? Start one with controller standalone, or name another with --kubeconfig"

    /// The command that lists the objects that exist.
    private static func list(of details: Status.Details?) -> String {
        guard let kind = details?.kind, !(details?.name ?? "").isEmpty else { return "" }
        let command =
            switch kind {
            case "workflowruns": "ctl runs"
            case "deadletters": "ctl deadletters list"
            case "quarantines": "ctl quarantine list"
            default: "kubectl get \(kind)"
            }
        return "; list them with: \(command)"
    }
}
