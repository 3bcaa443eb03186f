@testable import Control
import Domain
import Glibc
import Synchronization
import Testing

/// A real server on a real socket in a directory of its own, for the time of `body`.
func withServer<Result: Sendable>(
    _ handler: any ControlHandler, limits: ControlLimits = ControlLimits(),
    authorization: Authorization = .userMode(ownUID: getuid()), clock: TestClock = TestClock(),
    _ body: @Sendable (String) async throws -> Result
) async throws -> Result {
    let directory = try makeDirectory()
    defer { rmdir(directory) }
    let path = "\(directory)/io.londi"
    let server = ControlServer(
        listener: try .bind(path: path, mode: 0o600), authorization: authorization, limits: limits, version: "9.9",
        handler: handler, nanoseconds: { clock.nanoseconds })
    let running = Task { try await server.run() }
    let result: Result
    do { result = try await body(path) } catch {
        running.cancel()
        throw error
    }
    running.cancel()
    // A server that does not end when it is told to would hang here, and the time limit would say so.
    _ = try await running.value
    return result
}

/// A new empty directory with a short name: a socket's path has at most 107 bytes.
func makeDirectory() throws -> String {
    var template = Array("/tmp/londi-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template), "mkdtemp failed")
    return String(cString: made)
}

/// Time that passes only when told.
final class TestClock: Sendable {
    private let value = Mutex<Int64>(0)
    var nanoseconds: Int64 { value.withLock { $0 } }
    func advance(nanoseconds: Int64) { value.withLock { $0 += nanoseconds } }
}

/// A connection without a client's manners.
struct RawClient {
    let stream: SocketStream
    private var frames = FrameBuffer(limit: 64 * 1024 * 1024)

    init(_ path: String) throws { stream = SocketStream(owning: try SocketListener.connect(path: path)) }

    func send(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

    /// The next reply as JSON, nil where the server has closed.
    mutating func reply() async throws -> JSONValue? {
        while true {
            if let frame = try frames.next() { return try JSONReader.value(of: frame) }
            let bytes = try await received()
            if bytes.isEmpty { return nil }
            frames.append(bytes)
        }
    }

    /// A server that closes with our bytes unread resets the connection: an end like any other.
    private func received() async throws -> [UInt8] {
        do { return try await stream.read() } catch {
            guard error == .disconnected else { throw error }
            return []
        }
    }
}
