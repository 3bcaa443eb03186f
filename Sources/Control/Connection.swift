/// One client's connection: reads requests and has them answered, one after the other, in the order in which they came.
actor Connection {
    private let stream: SocketStream
    private let peer: Peer
    private let id: ConnectionID
    private let limits: ControlLimits
    private let service: ServiceInterface
    private let handler: any ControlHandler
    private let nanoseconds: @Sendable () -> Int64
    private var frames: FrameBuffer
    private var rate: RequestRate

    init(
        _ stream: SocketStream, peer: Peer, id: ConnectionID, limits: ControlLimits, service: ServiceInterface,
        handler: any ControlHandler, nanoseconds: @escaping @Sendable () -> Int64
    ) {
        self.stream = stream
        self.peer = peer
        self.id = id
        self.limits = limits
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
                let call: Call
                do throws(ControlError) { call = try Call(frame: frame, peer: peer, connection: id) } catch {
                    throw .invalidParameter(error.description)
                }
                guard try await answer(call) else { break }
            }
        } catch .disconnected {
            // The usual end of a conversation.
        } catch {
            await farewell(error)
        }
        stream.shutDown()
        await handler.connectionClosed(id)
    }

    /// nil where the client has closed.
    private func nextFrame() async throws(ControlError) -> [UInt8]? {
        var began: Int64?
        while true {
            if let frame = try frames.next() { return frame }
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

    private enum Event { case answered, closed, full }

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
                case .full: continue
                }
            }
            return false
        }
    }

    private func run(_ call: Call, _ reply: Reply) async -> Event {
        do throws(ControlError) {
            do throws(ControlError) {
                if try await !service.answers(call, reply: reply) { try await handler.handle(call, reply: reply) }
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

    /// Reads ahead while a handler works, so that the client's end is seen: `.closed`. `.full` where the client has
    /// sent a whole message's worth ahead; its end is then seen when an answer is written.
    private func watch() async -> Event {
        do throws(ControlError) {
            while frames.pendingCount <= limits.frameBytes {
                let bytes = try await stream.read()
                if bytes.isEmpty { return .closed }
                frames.append(bytes)
            }
            return .full
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
