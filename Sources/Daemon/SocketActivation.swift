import Control
import Glibc

/// The control socket as systemd hands it over: it opened it before londid started, and keeps it over restarts.
/// - Source: sd_listen_fds(3).
enum SocketActivation {
    private static let firstDescriptor: Int32 = 3

    /// The listener at the socket that was handed over; nil where none was.
    /// - Throws: `.system` where it is not one listening Unix stream socket.
    static func listener(_ environment: [String: String]) throws(ControlError) -> SocketListener? {
        guard environment["LISTEN_PID"] == String(getpid()), let text = environment["LISTEN_FDS"],
            let count = Int(text),
            count > 0
        else { return nil }
        guard count == 1 else {
            throw .system(
                call: "accept", path: "LISTEN_FDS",
                reason: "the service manager hands over \(count) sockets, one is expected; see londid.socket")
        }
        return try .inherited(descriptor: firstDescriptor)
    }
}
