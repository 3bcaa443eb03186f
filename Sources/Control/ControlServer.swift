import Synchronization

/// The daemon's side of the control socket.
package struct ControlServer: Sendable {
    private let listener: SocketListener
    private let authorization: Authorization
    private let limits: ControlLimits
    private let service: ServiceInterface
    private let handler: any ControlHandler
    private let nanoseconds: @Sendable () -> Int64
    private let room: MessageRoom

    /// - Parameters:
    ///   - version: of londid, as `GetInfo` and `londictl version` show it.
    ///   - nanoseconds: a clock that never goes back, for rates.
    package init(
        listener: SocketListener, authorization: Authorization, limits: ControlLimits = ControlLimits(),
        version: String, handler: any ControlHandler, nanoseconds: @escaping @Sendable () -> Int64
    ) {
        self.listener = listener
        self.authorization = authorization
        self.limits = limits
        service = ServiceInterface(version: version)
        self.handler = handler
        self.nanoseconds = nanoseconds
        room = MessageRoom(limits)
    }

    /// Takes connections until the task is cancelled; then every connection's handler is cancelled and awaited.
    /// - Throws: `.system` where the socket itself fails.
    package func run() async throws(ControlError) {
        let census = Census(limits: limits)
        let result = await withDiscardingTaskGroup { group -> Result<Void, ControlError> in
            var accepted: UInt64 = 0
            while !Task.isCancelled {
                do throws(ControlError) {
                    let descriptor = try await listener.accept()
                    accepted += 1
                    let id = ConnectionID(accepted)
                    group.addTask { await serve(descriptor, id, census) }
                } catch .disconnected {
                    break
                } catch {
                    group.cancelAll()
                    return .failure(error)
                }
            }
            group.cancelAll()
            return .success(())
        }
        try result.get()
    }

    private func serve(_ descriptor: Int32, _ id: ConnectionID, _ census: Census) async {
        let stream = SocketStream(owning: descriptor)
        let peer: Peer
        do throws(ControlError) { peer = try Peer.of(descriptor, authorization: authorization) } catch { return }
        if let refusal = census.enter(peer.uid) {
            let call = Call(
                method: "", parameters: [], wantsMore: false, isOneWay: false, peer: peer, connection: id)
            let reply = Reply(to: call, on: stream, stallMilliseconds: limits.frameMilliseconds)
            do throws(ControlError) { try await reply.fail(refusal) } catch {
                // The client went before it could be told.
            }
            return
        }
        defer { census.leave(peer.uid) }
        await Connection(
            stream, peer: peer, id: id, limits: limits, room: room, service: service, handler: handler,
            nanoseconds: nanoseconds
        ).serve()
    }
}

/// How many connections there are, and of whom.
private final class Census: Sendable {
    private let limits: ControlLimits
    private let counts = Mutex<[UInt32: Int]>([:])

    init(limits: ControlLimits) { self.limits = limits }

    /// Counts one more connection of `uid`, or says why not.
    func enter(_ uid: UInt32) -> ControlError? {
        counts.withLock { counts in
            guard counts.values.reduce(0, +) < limits.connections else {
                return .unavailable(what: "londid has \(limits.connections) connections, its limit; try again later")
            }
            guard counts[uid, default: 0] < limits.connectionsPerUser else {
                return .unavailable(
                    what: "you have \(limits.connectionsPerUser) connections to londid, the limit; close some")
            }
            counts[uid, default: 0] += 1
            return nil
        }
    }

    func leave(_ uid: UInt32) {
        counts.withLock { counts in
            counts[uid, default: 0] -= 1
            if counts[uid] == 0 { counts[uid] = nil }
        }
    }
}
