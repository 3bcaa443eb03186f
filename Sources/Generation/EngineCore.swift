import Domain
import Synchronization

/// What a local and a remote engine share: the state, the identity, and the client while the server is up.
final class EngineCore: Sendable {
    private static let mostTemplates = 256

    private struct Guarded {
        var connection: Connection?
        var identity: String?
        var isRunning = false
        var hasAnswered = false
        /// The chat template's result by messages: it is the same at each step of a job.
        var templates: [[Message]: ChatOpening] = [:]
    }

    struct Connection: Sendable {
        let client: LlamaClient
        let context: Int
        /// What the model was made for; nil where that is not known.
        var trainedContext: Int?
        var bound: PromptBound?
        /// What an administrator should know.
        var warning: String?
        let hangs = HangNotice()
    }

    let role: EngineRole
    let board = EngineStateBoard()
    private let guarded = Mutex(Guarded())
    private let gate = RequestGate()

    init(role: EngineRole) { self.role = role }

    /// Traps on a second call.
    func beginRun() {
        guarded.withLock { guarded in
            precondition(!guarded.isRunning, "an engine's run() is called once")
            guarded.isRunning = true
        }
    }

    /// From now on questions go to this server.
    func connect(_ connection: Connection, identity: String, device: String) {
        guarded.withLock { guarded in
            guarded.connection = connection
            guarded.hasAnswered = false
            guarded.identity = identity
            guarded.templates = [:]
        }
        board.publish(.ready(device: device))
    }

    func disconnect(_ state: EngineState) {
        guarded.withLock { $0.connection = nil }
        board.publish(state)
    }

    /// Known since the first time the engine was ready.
    var identity: String {
        get async {
            for await _ in board.states() {
                if let identity = guarded.withLock(\.identity) { return identity }
                if board.current == .stopped { break }
            }
            return "unknown"
        }
    }

    func connection() throws(GenerationError) -> Connection {
        if let connection = guarded.withLock(\.connection) { return connection }
        switch board.current {
        case .unavailable(let error): throw .unavailable(role: role, reason: error.description)
        case .stopped: throw .unavailable(role: role, reason: "londid is stopping")
        case .starting, .ready: throw .unavailable(role: role, reason: "it is starting")
        }
    }

    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        try await ask(transcript) { connection throws(GenerationError) in try await tokens(of: transcript, connection) }
    }

    /// Sends what belongs to one question of the current task's job.
    /// - Throws: `serverDied` and `hung` only where no other job can have been the reason, else `lostTogether`.
    func ask<Value>(
        _ content: some Hashable, _ body: (Connection) async throws(GenerationError) -> Value
    ) async throws(GenerationError) -> Value {
        let ticket = try await gate.enter(Requester.job, asking: content.hashValue)
        defer { gate.leave(ticket) }
        let connection = try connection()
        do throws(GenerationError) {
            let value = try await body(connection)
            noteAnswer(to: ticket)
            return value
        } catch {
            switch error {
            case .serverDied(let role, let reason, let partial):
                throw gate.died(during: ticket) ? error : .lostTogether(role: role, reason: reason, partial: partial)
            case .hung(let role, let seconds):
                let isKnown = gate.died(during: ticket)
                giveUp(connection, error)
                throw isKnown
                    ? error
                    : .lostTogether(role: role, reason: "no answer and no progress for \(seconds) s", partial: nil)
            case .cancelled: gate.abandon(ticket)
            case .promptTooLong, .promptTooLarge, .http, .badAnswer: noteAnswer(to: ticket)
            default: break
            }
            throw error
        }
    }

    private func noteAnswer(to ticket: RequestGate.Ticket) {
        gate.answered(ticket)
        guarded.withLock { $0.hasAnswered = true }
    }

    /// Has whoever keeps the server up end it, and sends it nothing more. A server of somebody else's stays as it is.
    private func giveUp(_ connection: Connection, _ error: GenerationError) {
        guard connection.client.access == nil else { return }
        guarded.withLock { guarded in
            if guarded.connection?.hangs === connection.hangs { guarded.connection = nil }
        }
        connection.hangs.report(error)
    }

    /// Why a chat cannot fit; nil where it may, or no server was ready yet.
    func complaint(about messages: [Message]) -> String? {
        guarded.withLock(\.connection)?.complaint(about: messages).map { "\(role.rawValue): \($0)" }
    }

    var warning: String? { guarded.withLock(\.connection)?.warning }

    /// The server that is connected now, or was last, has answered a job.
    var hasAnswered: Bool { guarded.withLock(\.hasAnswered) }

    private func tokens(
        of transcript: Transcript, _ connection: Connection
    ) async throws(GenerationError) -> PreparedPrompt {
        if let complaint = connection.complaint(about: transcript.messages) {
            throw .promptTooLarge(role: role, reason: complaint)
        }
        let opening: ChatOpening
        if let known = guarded.withLock({ $0.templates[transcript.messages] }) {
            opening = known
        } else {
            opening = try await connection.client.opening(of: transcript.messages)
            guarded.withLock { guarded in
                if guarded.templates.count >= Self.mostTemplates { guarded.templates = [:] }
                guarded.templates[transcript.messages] = opening
            }
        }
        if case .text(let text) = opening, let complaint = connection.complaint(aboutTexts: [text, transcript.answer]) {
            throw .promptTooLarge(role: role, reason: complaint)
        }
        // The template ends where the assistant's turn begins, so what is put after it is continued, not answered.
        let tokens = try await connection.client.tokens(opening, transcript.answer)
        guard tokens.count < connection.context else {
            if let trained = connection.trainedContext, connection.context >= trained {
                throw .promptTooLarge(
                    role: role,
                    reason:
                        "the prompt has \(tokens.count) tokens and the model was made for \(trained): shorten the job")
            }
            throw .promptTooLong(role: role, tokens: tokens.count, context: connection.context)
        }
        return PreparedPrompt(tokens: tokens)
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        try await ask(prompt) { connection throws(GenerationError) in
            try await connection.client.generate(prompt, limits: limits, sampling: sampling, onText: onText)
        }
    }
}

extension EngineCore.Connection {
    /// Of the users' messages alone: templates may leave parts of others out.
    func complaint(about messages: [Message]) -> String? {
        complaint(aboutTexts: messages.filter { $0.role == "user" }.map(\.content))
    }

    /// Why texts cannot fit together, by their bytes; nil where they may.
    func complaint(aboutTexts texts: [String]) -> String? {
        guard let tokens = bound?.leastTokens(of: texts), tokens >= context else { return nil }
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        let canGrow = trainedContext.map { context < $0 } ?? true
        return "the prompt's \(bytes) bytes are \(tokens) tokens at the very least, and the context holds \(context): "
            + "shorten the job" + (canGrow ? ", or raise Context= in londid.conf" : "")
    }
}
