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

    /// Throws where a server that is up cannot do what its role needs: embed a text, or write a token.
    /// - Parameter limit: for the token; nil: as long as any request may take.
    func checkFitness(within limit: Duration? = nil) async throws(GenerationError) {
        if role == .encoder {
            _ = try await embedding(of: try await tokenize("fit?"))
            return
        }
        let opening: ChatOpening
        do throws(GenerationError) {
            opening = try await self.opening(of: [Message(role: "user", content: "fit?")])
        } catch .http(_, 404, _) where dialect != .llama {
            throw .unfit(
                role: role,
                reason:
                    "it has neither llama-server's /props and /apply-template nor vLLM's /tokenize, without which "
                    + "a prompt's tokens cannot be counted before they are paid for")
        }
        let prompt = PreparedPrompt(tokens: try await tokens(opening, "Yes"))
        let milliseconds = limit.map { Int($0 / .milliseconds(1)) } ?? requestMilliseconds
        do throws(GenerationError) {
            _ = try await generate(
                prompt, limits: StepLimits(tokens: 1, timeMilliseconds: milliseconds), sampling: Sampling())
        } catch .badAnswer(_, let reason) where dialect != .llama {
            throw .unfit(role: role, reason: reason)
        } catch .http(_, let status, let message) where access != nil && dialect == .llama {
            throw .unfit(
                role: role,
                reason: "it writes no token (\(status): \(message)): is its model one for embeddings, or a server that "
                    + "runs with --embeddings?")
        }
    }
}
