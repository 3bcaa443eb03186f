import Domain

/// The client's side of the control socket: one connection, one call at a time.
package actor ControlClient {
    private let stream: SocketStream
    private var frames: FrameBuffer
    /// A stream of replies was left before its end: what comes next on the connection belongs to it.
    private var isBusy = false

    private init(_ stream: SocketStream) {
        self.stream = stream
        frames = FrameBuffer(limit: ControlLimits().frameBytes)
    }

    /// Connects to the daemon at `path`.
    /// - Throws: `.unreachable` with the path and the remedy.
    package static func connect(path: String) throws(ControlError) -> ControlClient {
        ControlClient(SocketStream(owning: try SocketListener.connect(path: path)))
    }

    /// Calls a method that answers once.
    /// - Throws: the error that the daemon answered, `.disconnected`, `.malformed`.
    package func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws(ControlError) -> Method.Reply {
        let reply = try await exchange(Method.name, JSONText.encode(parameters))
        return try JSONText.decode(Method.Reply.self, from: reply)
    }

    /// The version of the daemon, by `org.varlink.service.GetInfo`.
    package func daemonVersion() async throws(ControlError) -> String {
        let reply = try await exchange("\(ServiceInterface.name).GetInfo", Array("{}".utf8))
        let info = try JSONText.decode(ServiceInterface.Info.self, from: reply)
        return info.version
    }

    /// Calls a method with `more`; its replies come one by one from the result. To leave before the last one, drop the
    /// client: its connection ends, and the daemon stops working for it.
    package func stream<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws(ControlError) -> ReplyStream<Method> {
        try await send(Method.name, JSONText.encode(parameters), wantsMore: true)
        return ReplyStream(client: self)
    }

    private func exchange(_ method: String, _ parameters: [UInt8]) async throws(ControlError) -> [UInt8] {
        try await send(method, parameters, wantsMore: false)
        let (reply, continues) = try await receive(withinMilliseconds: nil)
        guard !continues else { throw .malformed(what: "\(method) goes on after its one answer") }
        return reply
    }

    private func send(_ method: String, _ parameters: [UInt8], wantsMore: Bool) async throws(ControlError) {
        precondition(!isBusy, "\(method): the last call's replies were not read to their end; use another client")
        isBusy = true
        do throws(ControlError) {
            try await stream.write(Call.frame(method: method, parameters: parameters, wantsMore: wantsMore))
        } catch .disconnected {
            // The daemon may have said why before it closed: the answer is read, or its absence is the error.
        }
    }

    fileprivate func receive(
        withinMilliseconds limit: Int64?
    ) async throws(ControlError) -> (parameters: [UInt8], continues: Bool) {
        while true {
            if let frame = try frames.next() {
                let envelope = try Envelope(frame)
                let continues = try envelope.flag("continues")
                isBusy = continues
                guard let name = try envelope.string("error") else { return (envelope.object("parameters"), continues) }
                let parameters: JSONValue
                do throws(JSONError) { parameters = try JSONReader.value(of: envelope.object("parameters")) } catch {
                    throw .malformed(what: error.description)
                }
                throw WireError(name: name, parameters: parameters).error
            }
            let bytes = try await stream.read(withinMilliseconds: limit)
            guard !bytes.isEmpty else { throw .disconnected }
            frames.append(bytes)
        }
    }
}

/// The replies of one call with `more`.
package struct ReplyStream<Method: ControlMethod>: Sendable {
    private let client: ControlClient
    private var isOver = false

    init(client: ControlClient) { self.client = client }

    /// The next reply, nil after the last.
    /// - Parameter limit: how long to wait for it; nil waits for ever.
    /// - Throws: the error that the daemon answered, `.timedOut` (call again to wait on), `.disconnected`,
    ///   `.malformed`.
    package mutating func next(withinMilliseconds limit: Int64? = nil) async throws(ControlError) -> Method.Reply? {
        if isOver { return nil }
        let (parameters, continues) = try await client.receive(withinMilliseconds: limit)
        isOver = !continues
        return try JSONText.decode(Method.Reply.self, from: parameters)
    }
}
