import Control
import Storage

/// Does something long with the store, and hands its latest word of progress to `tell` meanwhile: words that come faster
/// than they are told are left out. Ends `body`'s task where `tell` throws or its own task is cancelled.
func reporting<Progress: Sendable, Output: Sendable>(
    _ body: @escaping @Sendable (@escaping @Sendable (Progress) -> Void) async throws(StorageError) -> Output,
    tell: (Progress) async throws(ControlError) -> Void
) async throws(ControlError) -> Output {
    let (words, speaker) = AsyncStream.makeStream(of: Progress.self, bufferingPolicy: .bufferingNewest(1))
    async let output = outcome(of: body, speaker)
    for await word in words { try await tell(word) }
    return try await output.get()
}

private func outcome<Progress: Sendable, Output: Sendable>(
    of body: @Sendable (@escaping @Sendable (Progress) -> Void) async throws(StorageError) -> Output,
    _ speaker: AsyncStream<Progress>.Continuation
) async -> Result<Output, ControlError> {
    defer { speaker.finish() }
    do throws(StorageError) { return .success(try await body { speaker.yield($0) }) } catch {
        return .failure(ControlError(error))
    }
}
