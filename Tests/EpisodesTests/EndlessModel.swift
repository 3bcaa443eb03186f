import Domain
import Generation
import Synchronization

/// A model that writes until it is cancelled.
final class EndlessModel: LanguageModel {
    static let partial = Generated(text: "and so", stopReason: .interrupted, generatedTokens: 2, gpuMilliseconds: 3)

    private let isWriting = Mutex(false)
    var hasBegun: Bool { isWriting.withLock { $0 } }

    var identity: String { "endless" }

    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        PreparedPrompt(tokens: [1])
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        isWriting.withLock { $0 = true }
        onText(Self.partial.text)
        let (never, hold) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        withExtendedLifetime(hold) {}
        throw .cancelled(partial: Self.partial)
    }
}
