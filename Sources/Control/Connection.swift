/// One client's connection: reads requests and has them answered, one after the other, in the order in which they came.
actor Connection {
    /// How often a client that has sent much ahead is looked at for its end.
    private static let endPause = Duration.milliseconds(500)

    private let stream: SocketStream
    private let peer: Peer
    private let id: ConnectionID
    private let limits: ControlLimits
    private let room: MessageRoom
    private let service: ServiceInterface
    private let handler: any ControlHandler
    private let nanoseconds: @Sendable () -> Int64
    private var frames: FrameBuffer
    private var rate: RequestRate
    /// For a message that has grown beyond a light one, until it is answered.
    private var reservation: MessageMemory.Loan?

    init(
        _ stream: SocketStream, peer: Peer, id: ConnectionID, limits: ControlLimits, room: MessageRoom,
        service: ServiceInterface, handler: any ControlHandler, nanoseconds: @escaping @Sendable () -> Int64
    ) {
        self.stream = stream
        self.peer = peer
        self.id = id
        self.limits = limits
        self.room = room
        self.service = service
        self.handler = handler
        self.nanoseconds = nanoseconds
        frames = FrameBuffer(limit: limits.frameBytes)
        rate = RequestRate(perSecond: limits.requestsPerSecond, burst: limits.requestBurst, now: nanoseconds())
    }

    /// Serves until the client closes, or sends what cannot be understood: it is told why, and the connection ends.
    func serve() async {
        do throws(ControlError) {
            while let frame = try await nextFrame() {
                let goesOn = try await room.answering(frame, of: peer.uid) { burden throws(ControlError) in
                    try await self.answer(frame, burden)
                }
                guard goesOn else { break }
                giveBackReservation()
            }
        } catch .disconnected {
            // The usual end of a conversation.
        } catch {
            await farewell(error)
        }
        giveBackReservation()
        stream.shutDown()
        await handler.connectionClosed(id)
    }

    private func giveBackReservation() {
        reservation?.giveBack()
        reservation = nil
    }

    /// Answers a whole message. false where the client is gone.
    private func answer(_ frame: [UInt8], _ burden: Burden) async throws(ControlError) -> Bool {
        var call: Call
        do throws(ControlError) { call = try Call(frame: frame, peer: peer, connection: id) } catch {
            throw .invalidParameter(error.description)
        }
        guard !call.wantsMore || frame.count <= limits.streamingFrameBytes else {
            throw .tooLarge(what: "a message whose call streams, in bytes,", limit: limits.streamingFrameBytes)
        }
        call.burden = burden
        return try await answer(call)
    }

    /// nil where the client has closed.
    private func nextFrame() async throws(ControlError) -> [UInt8]? {
        var began: Int64?
        while true {
            if let frame = try frames.next() { return frame }
            if frames.pendingCount > limits.lightBytes, reservation == nil {
                let asked = nanoseconds()
                reservation = try await room.reserve(for: peer.uid)
                frames.reserve()
                // Whoever waits for room is not slow.
                began = began.map { $0 + nanoseconds() - asked }
            }
            // A silent client may rest between messages, not within one, and no drip of bytes makes that longer.
            var limit: Int64?
            if frames.pendingCount > 0 {
                let now = nanoseconds()
                let left = limits.frameMilliseconds - (now - (began ?? now)) / 1_000_000
                guard left > 0 else { throw .timedOut(what: "the rest of a message") }
                began = began ?? now
                limit = left
            }
            let bytes = try await stream.read(withinMilliseconds: limit)
            if bytes.isEmpty { return nil }
            frames.append(bytes)
        }
    }

    private enum Event { case answered, closed }

    /// Runs the handler while it watches for the client's end, which cancels the handler. false where the client is
    /// gone.
    private func answer(_ call: Call) async throws(ControlError) -> Bool {
        let reply = Reply(to: call, on: stream, stallMilliseconds: limits.stallMilliseconds)
        guard rate.admits(now: nanoseconds()) else {
            try await reply.fail(
                .unavailable(
                    what: "more than \(limits.requestsPerSecond) requests a second on one connection: send fewer"))
            return true
        }
        return await withTaskGroup(of: Event.self) { group in
            group.addTask { await self.run(call, reply) }
            group.addTask { await self.watch() }
            while let event = await group.next() {
                switch event {
                case .answered:
                    group.cancelAll()
                    return true
                case .closed:
                    group.cancelAll()
                    return false
                }
            }
            return false
        }
    }

    private func run(_ call: Call, _ reply: Reply) async -> Event {
        do throws(ControlError) {
            do throws(ControlError) {
                try await Self.handle(call, reply, service, handler)
                precondition(
                    reply.isFinished || call.isOneWay || Task.isCancelled,
                    "the handler of \(call.method) returned without its last message")
            } catch {
                // A handler that was cancelled has nobody to answer, or belongs to a daemon that stops: its clients
                // then see the connection end, and may come back.
                if Task.isCancelled || error == .disconnected { return .closed }
                try await reply.fail(error)
            }
            return .answered
        } catch {
            return .closed
        }
    }

    /// Not on this actor, which watches for the client's end meanwhile.
    @concurrent private static func handle(
        _ call: Call, _ reply: Reply, _ service: ServiceInterface, _ handler: any ControlHandler
    ) async throws(ControlError) {
        if try await !service.answers(call, reply: reply) { try await handler.handle(call, reply: reply) }
    }

    /// Reads a little ahead while a handler works, so that the client's end is seen. Where more has been sent ahead, only looks
    /// for the end.
    private func watch() async -> Event {
        do {
            while frames.pendingCount <= limits.lightBytes {
                let bytes = try await stream.read()
                if bytes.isEmpty { return .closed }
                frames.append(bytes)
            }
            while !stream.isClosedByPeer { try await Task.sleep(for: Self.endPause) }
            return .closed
        } catch { return .closed }
    }

    /// The last message to a client that is about to lose its connection. It may be gone already.
    private func farewell(_ error: ControlError) async {
        let nobody = Call(
            method: "", parameters: [], wantsMore: false, isOneWay: false, peer: peer, connection: id)
        let reply = Reply(to: nobody, on: stream, stallMilliseconds: limits.frameMilliseconds)
        do throws(ControlError) { try await reply.fail(error) } catch {
            // Nobody is left to tell.
        }
    }
}
