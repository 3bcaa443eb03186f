import Domain
import Synchronization

/// What a local and a remote engine share: the state, the identity, and the client while the server is up.
final class EngineCore: Sendable {
    private static let mostTemplates = 256

    private struct Guarded {
        var connection: Connection?
        var identity: String?
        var isRunning = false
        /// The chat template's result by messages: it is the same at each step of a job.
        var templates: [[Message]: ChatOpening] = [:]
    }

    struct Connection: Sendable {
        let client: LlamaClient
        let context: Int
    }

    let role: EngineRole
    let board = EngineStateBoard()
    private let guarded = Mutex(Guarded())

    init(role: EngineRole) { self.role = role }

    /// Traps on a second call.
    func beginRun() {
        guarded.withLock { guarded in
            precondition(!guarded.isRunning, "an engine's run() is called once")
            guarded.isRunning = true
        }
    }

    func connect(_ client: LlamaClient, context: Int, identity: String, device: String) {
        guarded.withLock { guarded in
            guarded.connection = Connection(client: client, context: context)
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

    /// - Throws: `unavailable` where the server has gone: no step has begun, so it is not the job's fault.
    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        do throws(GenerationError) { return try await tokens(of: transcript) } catch {
            guard case .serverDied(let role, let reason, _) = error else { throw error }
            throw .unavailable(role: role, reason: reason)
        }
    }

    private func tokens(of transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        let connection = try connection()
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
        // The template ends where the assistant's turn begins, so what is put after it is continued, not answered.
        let tokens = try await connection.client.tokens(opening, transcript.answer)
        guard tokens.count < connection.context else {
            throw .promptTooLong(role: role, tokens: tokens.count, context: connection.context)
        }
        return PreparedPrompt(tokens: tokens)
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        try await connection().client.generate(prompt, limits: limits, sampling: sampling, onText: onText)
    }
}
