import Dispatch
import Glibc

/// Talks to systemd by the sd_notify protocol: one datagram to the socket that `NOTIFY_SOCKET` names. Does nothing where no
/// service manager asked for it, and nobody here waits for one that is slow.
package struct ServiceManager: Sendable {
    private let socketPath: String?
    /// How long the service manager waits for the next sign of life before it ends londid; nil where it does not.
    let watchdog: Duration?
    private let queue = DispatchQueue(label: "londi.notify")

    package init(socketPath: String?, watchdog: Duration? = nil) {
        self.socketPath = socketPath
        self.watchdog = watchdog
    }

    /// - Parameter environment: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` unless `WATCHDOG_PID` names another process.
    package init(environment: [String: String]) {
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        self.init(
            socketPath: environment["NOTIFY_SOCKET"],
            watchdog: isOurs && microseconds > 0 ? .microseconds(microseconds) : nil)
    }

    /// Somebody wants to know how londid is.
    var isListening: Bool { socketPath != nil }

    func notifyReady() { send("READY=1") }
    /// londid goes down, and takes at most so long for it.
    func notifyStopping(withinSeconds seconds: Int) { send("STOPPING=1\n\(Self.extension(seconds))") }
    func notifyAlive() { send("WATCHDOG=1") }
    /// Asks that the start or stop that is under way may take `seconds` from now.
    func extendTimeout(bySeconds seconds: Int) { send(Self.extension(seconds)) }
    /// - Parameter status: one line.
    func notify(status: String) { send("STATUS=\(status)") }

    private static func `extension`(_ seconds: Int) -> String { "EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)" }

    /// Where the service manager has yet to take what came before, a thread of its own waits for it: the few threads of
    /// Swift's pool serve the clients.
    private func send(_ message: String) {
        guard let socketPath, !Self.send(message, to: socketPath, flags: Int32(MSG_DONTWAIT)) else { return }
        queue.async { _ = Self.send(message, to: socketPath, flags: 0) }
    }

    /// false where it would have to wait.
    private static func send(_ message: String, to socketPath: String, flags: Int32) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(socketPath.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return true }
        // A name that begins with @ is in the abstract name space.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(descriptor, message, message.utf8.count, Int32(MSG_NOSIGNAL) | flags, address, length) >= 0
                    || errno != EAGAIN
            }
        }
    }
}
