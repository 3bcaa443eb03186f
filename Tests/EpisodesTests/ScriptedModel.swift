import Domain
import Generation
import Synchronization

/// A model that writes what a script says, for tests of the loop around it.
final class ScriptedModel: LanguageModel {
    private let steps: Mutex<[Result<Generated, GenerationError>]>
    private let seen = Mutex<[Transcript]>([])
    private let asked = Mutex<[String?]>([])
    let promptTokens: Int

    init(_ steps: [Result<Generated, GenerationError>], promptTokens: Int = 10) {
        self.steps = Mutex(steps)
        self.promptTokens = promptTokens
    }

    /// What it was asked to go on with, at each `generate`.
    var transcripts: [Transcript] { seen.withLock { $0 } }

    /// What it might write, at each `generate`.
    var grammars: [String?] { asked.withLock { $0 } }

    var identity: String { "scripted" }

    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        prepared.withLock { $0 = transcript }
        return PreparedPrompt(tokens: Array(repeating: 1, count: promptTokens))
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        if let transcript = prepared.withLock({ $0 }) { seen.withLock { $0.append(transcript) } }
        asked.withLock { $0.append(sampling.grammar) }
        let step = steps.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let step else { throw .unavailable(role: .quick, reason: "the script has ended") }
        let written = try step.get()
        onText(written.text)
        return written
    }

    private let prepared = Mutex<Transcript?>(nil)
}

/// A step of a script.
func writes(_ text: String, _ stopReason: StopReason = .paragraph) -> Result<Generated, GenerationError> {
    .success(
        Generated(
            text: text, stopReason: stopReason, promptTokens: 5, generatedTokens: 7, gpuMilliseconds: 11,
            logProbabilities: LogProbabilities(minimum: -2, lowerQuartile: -1, median: -0.5, mean: -0.7)))
}
