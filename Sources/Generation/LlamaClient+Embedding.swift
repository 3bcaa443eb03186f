import Domain

extension LlamaClient {
    /// The embedding of tokens, pooled over all of them.
    /// - Throws: `badAnswer` where it is not one vector of finite numbers.
    func embedding(of tokens: [Int]) async throws(GenerationError) -> [Float] {
        progress.begin(now: time.now())
        defer { progress.end() }
        let answer: LlamaAPI.Embeddings = try await post("/v1/embeddings", LlamaAPI.Embed(input: tokens))
        progress.note(now: time.now())
        guard answer.data.count == 1, let vector = answer.data.first?.embedding, !vector.isEmpty,
            vector.allSatisfy(\.isFinite)
        else { throw .badAnswer(role: role, reason: "/v1/embeddings gave no vector of finite numbers") }
        return vector
    }

    /// Throws where a server that is up cannot do what its role needs.
    func checkFitness() async throws(GenerationError) {
        guard role == .encoder else { return }
        _ = try await embedding(of: try await tokenize("fit?"))
    }
}
