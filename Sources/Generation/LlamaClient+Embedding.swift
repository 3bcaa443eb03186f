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
        if role == .encoder {
            _ = try await embedding(of: try await tokenize("fit?"))
        } else if dialect != .llama {
            let opening: ChatOpening
            do throws(GenerationError) {
                opening = try await self.opening(of: [Message(role: "user", content: "fit?")])
            } catch .http(_, 404, _) {
                throw .unfit(
                    role: role,
                    reason:
                        "it has neither llama-server's /props and /apply-template nor vLLM's /tokenize, without which "
                        + "a prompt's tokens cannot be counted before they are paid for")
            }
            let prompt = PreparedPrompt(tokens: try await tokens(opening, "Yes"))
            do throws(GenerationError) {
                _ = try await generate(
                    prompt, limits: StepLimits(tokens: 1, timeMilliseconds: Self.requestMilliseconds),
                    sampling: Sampling())
            } catch .badAnswer(_, let reason) {
                throw .unfit(role: role, reason: reason)
            }
        }
    }
}
