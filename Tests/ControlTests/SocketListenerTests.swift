@testable import Control
import Glibc
import Testing

/// The socket's file: nobody else's file may be removed, and a dead daemon's must not keep a new one from starting.
@Suite(.timeLimit(.minutes(5))) struct `The control socket` {
    @Test func `is open to those whom its mode names and goes with its listener`() throws {
        let directory = try makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/s"
        do {
            let listener = try SocketListener.bind(path: path, mode: 0o660)
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o660)
            withExtendedLifetime(listener) {}
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func `replaces the socket of a dead process`() throws {
        let directory = try makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/s"
        // A socket that is bound and closed leaves its file, as a killed daemon does.
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(dead)
        let listener = try SocketListener.bind(path: path, mode: 0o600)
        withExtendedLifetime(listener) {}
    }

    @Test func `of a living process is left alone`() throws {
        let directory = try makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/s"
        let listener = try SocketListener.bind(path: path, mode: 0o600)
        #expect(
            throws: ControlError.system(
                call: "bind", path: path, reason: "another process listens there; stop it first")
        ) { try SocketListener.bind(path: path, mode: 0o600) }
        _ = try ControlClient.connect(path: path)
        withExtendedLifetime(listener) {}
    }

    @Test func `never replaces a file that is no socket`() throws {
        let directory = try makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/s"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: ControlError.self) { try SocketListener.bind(path: path, mode: 0o600) }
        #expect(access(path, F_OK) == 0)
        unlink(path)
    }

    @Test func `with a path too long is refused with the limit`() {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        #expect(
            throws: ControlError.invalidArgument(
                argument: "the socket's path", value: path, remedy: "use 1 to 107 bytes, without NUL")
        ) { try SocketListener.bind(path: path, mode: 0o600) }
    }

    @Test func `of the service manager is served, and stays when its listener goes`() async throws {
        let directory = try makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/s"
        let manager = try SocketListener.bind(path: path, mode: 0o600)
        for _ in 1...2 {
            let listener = try SocketListener.inherited(descriptor: manager.duplicate())
            #expect(listener.path == path)
            _ = try ControlClient.connect(path: path)
            close(try await listener.accept())
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `that is handed over and does not listen is refused`() throws {
        let pair = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(pair) }
        #expect(throws: ControlError.self) { try SocketListener.inherited(descriptor: pair) }
        #expect(throws: ControlError.self) { try SocketListener.inherited(descriptor: -1) }
    }

    @Test func `that nobody listens at is an error with path and remedy`() {
        let error = #expect(throws: ControlError.self) { try ControlClient.connect(path: "/tmp/nobody-here") }
        #expect(
            error?.description
                == "no londid answers at /tmp/nobody-here (No such file or directory); start it with `systemctl start "
                + "londid` or `londid --user`, or name its socket with --socket or LONDI_SOCKET")
    }
}
