package import Domain

/// One role's model together with whatever keeps it up. It writes or embeds, as its role says; its server refuses the other.
package protocol Engine: LanguageModel, EmbeddingModel {
    var configuration: EngineConfiguration { get }

    /// The current state at once, then each new one; ends with the watching task.
    func states() -> AsyncStream<EngineState>

    /// Why a chat cannot fit into the model's context, by its bytes alone; nil where it may, or nothing is known yet.
    func complaint(about messages: [Message]) -> String?

    /// What an administrator should know of a model that is ready; nil where nothing.
    var warning: String? { get }

    /// Keeps the engine up until the task is cancelled; then ends it and returns. To be called once.
    func run() async
}

extension Engine {
    package var warning: String? { nil }

    package func complaint(about messages: [Message]) -> String? { nil }

    /// Suspends while the engine starts; throws when it is unavailable or stopped.
    package func ready() async throws(GenerationError) {
        for await state in states() {
            switch state {
            case .starting: continue
            case .ready: return
            case .unavailable(let error): throw error
            case .stopped: throw .unavailable(role: configuration.role, reason: "londid is stopping")
            }
        }
        throw .cancelled(partial: Generated(text: "", stopReason: .interrupted))
    }

    /// The state now.
    package var state: EngineState {
        get async {
            for await state in states() { return state }
            return .stopped
        }
    }
}

/// Makes the engine that a configuration describes: of our own, or someone else's.
/// - Parameters:
///   - memory: one for all engines of the machine.
///   - log: gets each line of the server's log, and what londid has to say about the server.
package func makeEngine(
    _ configuration: EngineConfiguration, memory: MemoryGate, time: MonotonicTime,
    policy: RestartPolicy = RestartPolicy(), log: @escaping @Sendable (String) -> Void
) -> any Engine {
    switch configuration.source {
    case .local(let engine):
        LlamaServer(configuration, engine: engine, memory: memory, time: time, policy: policy, log: log)
    case .url(let address):
        RemoteServer(configuration, address: address, time: time, policy: policy, log: log)
    }
}
