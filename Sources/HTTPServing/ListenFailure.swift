import Glibc
import NIOCore

/// Says why a port cannot be opened, and what to do about it.
public enum ListenFailure {
    /// The message for a failure to listen; other errors are described as they are.
    ///
    /// - Parameters:
    ///   - what: what would have been served, such as `the Kubernetes API`.
    ///   - option: the option that chooses another port.
    public static func message(_ error: any Error, what: String, host: String, port: Int, option: String) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        let place = "\(what) cannot listen on \(host):\(port)"
        switch error.errnoCode {
        case EADDRINUSE:
            return "\(place): the port is in use by another program (ss -ltnp 'sport = :\(port)' shows which); "
                + "stop that program, or choose another port with \(option)"
        case EADDRNOTAVAIL:
            return "\(place): this machine does not have that address; choose another one with --host"
        case EACCES:
            return "\(place): ports below 1024 need special rights; choose another port with \(option)"
        default:
            return "\(place): \(String(cString: strerror(error.errnoCode))); choose another port with \(option)"
        }
    }
}
