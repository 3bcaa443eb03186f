/// Tells whoever keeps a server up that it does not answer.
final class HangNotice: Sendable {
    private let stream: AsyncStream<GenerationError>
    private let continuation: AsyncStream<GenerationError>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: GenerationError.self, bufferingPolicy: .bufferingOldest(1))
    }

    func report(_ error: GenerationError) { continuation.yield(error) }

    /// Suspends until a hang is reported; nil where the task is cancelled first. To be called once.
    func next() async -> GenerationError? {
        for await error in stream { return error }
        return nil
    }
}
