import Domain
import Generation

/// A model that is always ready: it answers `yes` at once, or, asked something that begins with `slow`, never.
final class ScriptedEngine: Engine {
    let configuration: EngineConfiguration

    init(_ role: EngineRole) {
        configuration = EngineConfiguration(role: role, source: .url(ServerAddress("/nowhere.sock")))
    }

    var identity: String { "scripted-\(configuration.role.rawValue)" }

    func states() -> AsyncStream<EngineState> {
        let (states, continuation) = AsyncStream.makeStream(of: EngineState.self)
        continuation.yield(.ready(device: "CPU"))
        return states
    }

    func run() async {
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        withExtendedLifetime(continuation) {}
    }

    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        let isSlow = transcript.messages.contains { $0.content.hasPrefix("slow") }
        return PreparedPrompt(tokens: [isSlow ? 1 : 0, 2, 3])
    }

    /// The text's length and its first byte, so that different texts differ.
    func embed(_ text: String) async throws(GenerationError) -> [Float]? {
        [1, Float(text.utf8.count), Float(text.utf8.first ?? 0)]
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling
    ) async throws(GenerationError) -> Generated {
        if prompt.tokens[0] == 1 {
            let (never, continuation) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(continuation) {}
            throw .cancelled(partial: Generated(text: "", stopReason: .interrupted, promptTokens: 1))
        }
        return Generated(
            text: "yes", stopReason: .endOfTurn, promptTokens: 3, generatedTokens: 1, gpuMilliseconds: 2)
    }
}
