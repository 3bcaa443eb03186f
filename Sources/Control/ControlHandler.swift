import Domain

/// Answers the calls of `io.londi`. The server itself answers `org.varlink.service`.
package protocol ControlHandler: Sendable {
    /// Answers with at least one message, the last without `continues`; a thrown error is the answer where none was
    /// complete. The task is cancelled when the caller closes its connection.
    func handle(_ call: Call, reply: Reply) async throws(ControlError)

    /// A connection has ended, and no call of it is being handled any more: what was kept for it can go.
    func connectionClosed(_ connection: ConnectionID) async
}

extension ControlHandler {
    /// Keeps nothing for connections.
    package func connectionClosed(_ connection: ConnectionID) async {}
}

/// A handler made of one function per method, which get their parameters decoded and their caller's rights checked.
///
///     var table = MethodTable(authorization: authorization)
///     table.on(ListJobs.self) { parameters, peer, reply async throws(ControlError) in ... }
package struct MethodTable: ControlHandler {
    private typealias Entry = @Sendable (Call, Reply) async throws(ControlError) -> Void

    private let authorization: Authorization
    private var entries: [String: Entry] = [:]
    private var closing: @Sendable (ConnectionID) async -> Void = { _ in }

    package init(authorization: Authorization) { self.authorization = authorization }

    /// The methods that have a function, sorted.
    package var methods: [String] { entries.keys.sorted() }

    /// Answers `method` with `body`. A method has one function (traps).
    package mutating func on<Method: ControlMethod>(
        _ method: Method.Type,
        _ body: @escaping @Sendable (Method.Parameters, Peer, MethodReply<Method>) async throws(ControlError) -> Void
    ) {
        precondition(entries[Method.name] == nil, "\(Method.name) has a function already")
        let authorization = authorization
        let entry: Entry = { (call: Call, reply: Reply) async throws(ControlError) in
            guard call.peer.authority >= Method.needs else {
                throw .permissionDenied(
                    action: "call \(Method.name)", needs: authorization.explanation(of: Method.needs))
            }
            guard call.wantsMore || !Method.requiresMore else { throw .expectedMore }
            let parameters = try await call.burden.decoding { () throws(ControlError) in
                try JSONText.decode(Method.Parameters.self, from: call.parameters)
            }
            try await body(parameters, call.peer, MethodReply(reply))
        }
        entries[Method.name] = entry
    }

    /// Does `body` whenever a connection has ended. There is one such function: the last one given.
    package mutating func onConnectionClosed(_ body: @escaping @Sendable (ConnectionID) async -> Void) {
        closing = body
    }

    package func connectionClosed(_ connection: ConnectionID) async { await closing(connection) }

    package func handle(_ call: Call, reply: Reply) async throws(ControlError) {
        guard let entry = entries[call.method] else {
            guard let name = call.method.behind("io.londi."), !name.holds(".") else {
                throw .interfaceNotFound(ServiceInterface.interfaceName(of: call.method))
            }
            throw InterfaceDescription.methods.contains(call.method)
                ? .methodNotImplemented(call.method) : .methodNotFound(call.method)
        }
        try await entry(call, reply)
    }
}
