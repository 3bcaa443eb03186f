import Synchronization

/// The connections to one server that wait for their next request.
final class HTTPPool: Sendable {
    private static let mostIdle = 16

    private let idle = Mutex<[HTTPConnection]>([])

    /// As `HTTPConnection.send`, on any connection.
    func send(
        _ request: HTTPRequest, onBody: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(HTTPFailure) -> (status: Int, refusal: [UInt8]) {
        let connection = idle.withLock { $0.popLast() } ?? HTTPConnection()
        defer {
            idle.withLock { if $0.count < Self.mostIdle { $0.append(connection) } }
        }
        return try await connection.send(request, onBody: onBody)
    }

    /// Sends a request and returns the whole body of its answer, whatever the status.
    func fetch(_ request: HTTPRequest, limitBytes: Int) async throws(HTTPFailure) -> (status: Int, body: [UInt8]) {
        let box = BodyBox(limitBytes: limitBytes)
        let (status, refusal) = try await send(request) { box.append($0) }
        return (status, status == 200 ? box.bytes : refusal)
    }
}

/// A body that is collected whole.
private final class BodyBox: Sendable {
    private let limitBytes: Int
    private let collected = Mutex<[UInt8]>([])

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    var bytes: [UInt8] { collected.withLock { $0 } }

    /// False when the body grows over its limit.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        collected.withLock { collected in
            guard collected.count + bytes.count <= limitBytes else { return false }
            collected += bytes
            return true
        }
    }
}
