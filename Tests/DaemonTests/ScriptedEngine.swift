import Domain
import Generation

/// A model that is always ready: it answers `yes` at once, asked something that begins with `letters` with many of them, or,
/// asked something that begins with `slow`, never.
final class ScriptedEngine: Engine {
    /// What it writes before it hangs.
    static let slowText = "let me think"
    /// What it writes so often before where it is asked something that begins with `slow flood`.
    static let (floodWord, floodCount) = ("and so on; ", 90_000)
    static let letters: String = {
        var state: UInt32 = 7
        return String(
            (0..<3_000).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                return Array("abc")[Int(state >> 16) % 3]
            })
    }()
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
        let isFlood = transcript.messages.contains { $0.content.hasPrefix("slow flood") }
        let asksForLetters = transcript.messages.contains { $0.content.hasPrefix("letters") }
        return PreparedPrompt(tokens: [isSlow ? 1 : 0, isFlood ? 1 : 0, asksForLetters ? 4 : 3])
    }

    /// The text's length and its first byte, so that different texts differ.
    func embed(_ text: String) async throws(GenerationError) -> [Float]? {
        [1, Float(text.utf8.count), Float(text.utf8.first ?? 0)]
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        if prompt.tokens[0] == 1 {
            if prompt.tokens[1] == 1 { for _ in 0..<Self.floodCount { onText(Self.floodWord) } }
            onText(Self.slowText)
            let (never, continuation) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(continuation) {}
            throw .cancelled(partial: Generated(text: "", stopReason: .interrupted, promptTokens: 1))
        }
        return Generated(
            text: prompt.tokens[2] == 4 ? Self.letters : "yes", stopReason: .endOfTurn, promptTokens: 3,
            generatedTokens: 1, gpuMilliseconds: 2)
    }
}
