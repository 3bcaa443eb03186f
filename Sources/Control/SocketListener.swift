import CSystem
import Glibc
import Synchronization

/// A Unix stream socket that takes connections.
package final class SocketListener: Sendable {
    package let path: String
    private let descriptor: Int32
    private let stream: SocketStream
    /// This process made the socket's file, and removes it.
    private let ownsPath: Bool
    /// Kept for the moment in which the process has no other descriptor left.
    private let spare = Mutex(open("/dev/null", O_RDONLY | O_CLOEXEC))

    private init(descriptor: Int32, path: String, ownsPath: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.ownsPath = ownsPath
        stream = SocketStream(owning: descriptor)
    }

    deinit {
        if ownsPath { unlink(path) }
        spare.withLock { _ = close($0) }
    }

    /// Listens at `path`. A socket that a dead process left there is replaced; a living one, or a file that is no
    /// socket, is an error.
    /// - Parameters:
    ///   - mode: who may connect, as in chmod: 0o660.
    ///   - group: the group of the socket's file; nil leaves the process's own.
    package static func bind(path: String, mode: UInt32, group: UInt32? = nil) throws(ControlError) -> SocketListener {
        let descriptor = try newSocket()
        do throws(ControlError) {
            try removeStale(path)
            // Before bind, so that the file never stands open to more people than it should.
            guard fchmod(descriptor, mode) == 0 else { throw failure("fchmod", path) }
            let status = try withAddress(path) { Glibc.bind(descriptor, $0, $1) }
            guard status == 0 else { throw failure("bind", path) }
            if let group, chown(path, uid_t.max, group) != 0 { throw failure("chown", path) }
            guard chmod(path, mode) == 0 else { throw failure("chmod", path) }
            guard listen(descriptor, 128) == 0 else { throw failure("listen", path) }
        } catch {
            close(descriptor)
            throw error
        }
        return SocketListener(descriptor: descriptor, path: path, ownsPath: true)
    }

    /// Listens on a socket that the service manager opened and keeps when this process ends. It owns `descriptor` from now on.
    /// - Throws: `.system` where that is no listening Unix stream socket.
    package static func inherited(descriptor: Int32) throws(ControlError) -> SocketListener {
        guard option(SO_DOMAIN, of: descriptor) == AF_UNIX,
            option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
            option(SO_ACCEPTCONN, of: descriptor) == 1
        else {
            throw .system(
                call: "accept", path: "descriptor \(descriptor)",
                reason: "the service manager's socket is no listening Unix stream socket; see londid.socket")
        }
        let flags = fcntl(descriptor, F_GETFL)
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw failure("fcntl", "descriptor \(descriptor)")
        }
        return SocketListener(descriptor: descriptor, path: name(of: descriptor), ownsPath: false)
    }

    /// Another descriptor of the same socket, as a service manager would hand it over.
    func duplicate() -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }

    /// A number that the kernel keeps about a socket; nil where the descriptor is no socket.
    private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }

    /// The file that a Unix socket is bound to; empty where it has none.
    private static func name(of descriptor: Int32) -> String {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { return "" }
        return withUnsafeBytes(of: &address.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The next connection.
    /// - Throws: `.disconnected` where the task is cancelled; `.system` otherwise.
    func accept() async throws(ControlError) -> Int32 {
        while true {
            let accepted = londi_accept(descriptor)
            if accepted >= 0 { return accepted }
            switch -accepted {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: try await stream.wait(for: .readable, what: "a connection")
            case EMFILE, ENFILE: turnAway()
            default: throw .system(call: "accept", path: path, reason: reason(-accepted))
            }
        }
    }

    /// Closes the waiting connection where the process is out of descriptors: accept would fail again and again.
    private func turnAway() {
        spare.withLock { spare in
            close(spare)
            let accepted = londi_accept(descriptor)
            if accepted >= 0 { close(accepted) }
            spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        }
    }

    /// A connection to the socket at `path`, blocking only as long as its queue of connections is full.
    static func connect(path: String) throws(ControlError) -> Int32 {
        let descriptor = try newSocket()
        let status = try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            guard number != EACCES, number != EPERM else {
                throw .permissionDenied(
                    action: "connect to \(path)", needs: "membership in the group of that file (`ls -l` shows it)")
            }
            throw .unreachable(path: path, reason: reason(number))
        }
        return descriptor
    }

    private static func removeStale(_ path: String) throws(ControlError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .system(call: "bind", path: path, reason: "a file that is no socket is there; move it away")
        }
        do throws(ControlError) { close(try connect(path: path)) } catch .unreachable {
            guard unlink(path) == 0 else { throw failure("unlink", path) }
            return
        }
        throw .system(call: "bind", path: path, reason: "another process listens there; stop it first")
    }

    private static func newSocket() throws(ControlError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket", "") }
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(ControlError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
            throw .invalidArgument(
                argument: "the socket's path", value: path, remedy: "use 1 to \(capacity - 1) bytes, without NUL")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func failure(_ call: String, _ path: String) -> ControlError {
        .system(call: call, path: path, reason: reason(errno))
    }
}
