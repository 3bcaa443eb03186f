import Synchronization

/// Answers one call: any number of messages with `continues` where the caller takes more, then one without.
package final class Reply: Sendable {
    private struct State {
        var isFinished = false
        var isSending = false
    }

    private let call: Call
    private let stream: SocketStream
    private let stallMilliseconds: Int64
    private let state = Mutex(State())

    init(to call: Call, on stream: SocketStream, stallMilliseconds: Int64) {
        self.call = call
        self.stream = stream
        self.stallMilliseconds = stallMilliseconds
    }

    /// The caller takes more than one message.
    package var wantsMore: Bool { call.wantsMore }

    /// On which the call came.
    var connection: ConnectionID { call.connection }

    /// Sends one message, waiting while the caller is slow to read. One at a time; nothing after the last (traps).
    /// - Throws: `.disconnected` or `.timedOut` where the caller is gone: stop working for it; `.expectedMore` where
    ///   `continues` is set and the caller takes one message.
    package func send(_ value: some Encodable & Sendable, continues: Bool = false) async throws(ControlError) {
        if continues, !call.wantsMore { throw .expectedMore }
        var bytes = Array("{\"parameters\":".utf8)
        bytes.append(contentsOf: try JSONText.encode(value))
        bytes.append(contentsOf: (continues ? ",\"continues\":true}\0" : "}\0").utf8)
        try await write(bytes, isLast: !continues)
    }

    /// Ends the call with an error, unless it has ended; what goes wrong on the way concerns nobody any more.
    func fail(_ error: ControlError) async throws(ControlError) {
        guard !isFinished else { return }
        let wire = WireError(error)
        let text = "{\"error\":\(JSONText.text(of: wire.name)),\"parameters\":\(JSONText.text(of: wire.parameters))}\0"
        try await write(Array(text.utf8), isLast: true)
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    private func write(_ bytes: [UInt8], isLast: Bool) async throws(ControlError) {
        state.withLock { state in
            precondition(!state.isFinished, "\(call.method) was answered already; nothing may follow the last message")
            precondition(!state.isSending, "\(call.method) is being answered; await one send before the next")
            state.isFinished = isLast
            state.isSending = true
        }
        defer { state.withLock { $0.isSending = false } }
        if call.isOneWay { return }
        try await stream.write(bytes, withinMilliseconds: stallMilliseconds)
    }
}

/// A `Reply` that knows its method's type.
package struct MethodReply<Method: ControlMethod>: Sendable {
    private let reply: Reply

    init(_ reply: Reply) { self.reply = reply }

    /// The caller takes more than one message.
    package var wantsMore: Bool { reply.wantsMore }

    /// On which the call came.
    package var connection: ConnectionID { reply.connection }

    /// As `Reply.send`.
    package func send(_ value: Method.Reply, continues: Bool = false) async throws(ControlError) {
        try await reply.send(value, continues: continues)
    }
}
