/// The model in the encoder role, as `Episodes` sees it: it turns a text into numbers.
package protocol EmbeddingModel: Sendable {
    /// The key of the model, stable over restarts. Suspends until it is known first.
    var identity: String { get async }

    /// The text's embedding, the mean over its tokens; of a text over the model's context the middle is left out.
    /// - Returns: as many finite numbers as the model's embeddings have; nil for a text without tokens.
    /// - Throws: only `unavailable` and `cancelled`: a text that cannot be embedded now is the engine's trouble, never
    ///   the job's.
    func embed(_ text: String) async throws(GenerationError) -> [Float]?
}
