import Domain

/// The requests of servers that complete prompts as OpenAI's does, with vLLM's additions: a chat's tokens, and tokens for
/// prompts and answers.
/// - Source: vLLM, docs/serving/openai_compatible_server.md; `return_token_ids` since 0.10.2.
enum CompletionsAPI {
    /// `/v1/models`
    struct Models: Decodable {
        let data: [Model]

        struct Model: Decodable {
            let id: String
            /// Tokens of a prompt and its answer together.
            let context: Int?

            enum CodingKeys: String, CodingKey { case id, context = "max_model_len" }
        }
    }

    /// `/tokenize`, of a chat up to where the assistant's turn begins.
    struct TokenizeChat: Encodable {
        let messages: [Message]
        let addGenerationPrompt = true

        enum CodingKeys: String, CodingKey { case messages, addGenerationPrompt = "add_generation_prompt" }
    }

    /// `/tokenize`, of a text that goes on after a chat, or stands alone.
    struct TokenizeText: Encodable {
        let prompt: String
        let addSpecialTokens: Bool
        let returnTokenTexts = true

        enum CodingKeys: String, CodingKey {
            case prompt, addSpecialTokens = "add_special_tokens", returnTokenTexts = "return_token_strs"
        }
    }

    struct Tokens: Decodable {
        let tokens: [Int]
        let texts: [String?]?

        enum CodingKeys: String, CodingKey { case tokens, texts = "token_strs" }
    }

    /// What `/detokenize` gives back.
    struct Text: Decodable {
        let prompt: String
    }

    /// `/v1/completions`
    struct Completion: Encodable {
        let prompt: [Int]
        let tokenLimit: Int
        let temperature: Double
        let seed: UInt32
        let topP: Double
        let stop: [String]
        let structuredOutputs: Grammar?
        let probabilityCount = 1
        let stream = true
        let streamOptions = ["include_usage": true]
        let returnTokens = true

        struct Grammar: Encodable {
            let grammar: String
        }

        enum CodingKeys: String, CodingKey {
            case prompt, temperature, seed, stop, stream
            case tokenLimit = "max_tokens"
            case topP = "top_p"
            case structuredOutputs = "structured_outputs"
            case probabilityCount = "logprobs"
            case streamOptions = "stream_options"
            case returnTokens = "return_token_ids"
        }
    }

    /// A server that leaves out which tokens it wrote.
    struct NoTokens: Error {}

    /// One event of a `/v1/completions` stream.
    struct Chunk: Decodable {
        let choices: [Choice]?
        let usage: Usage?
        let error: ServerRefusal.Details?

        struct Choice: Decodable {
            let text: String?
            let tokens: [Int]?
            let logProbabilities: LogProbabilities?
            /// `stop` or `length`; nil while the stream goes on.
            let finishReason: String?
            /// Which of the texts in `stop` ended it; nil, or a token's number, at the end of turn.
            let stopReason: JSONValue?

            enum CodingKeys: String, CodingKey {
                case text, tokens = "token_ids", logProbabilities = "logprobs"
                case finishReason = "finish_reason"
                case stopReason = "stop_reason"
            }
        }

        struct LogProbabilities: Decodable {
            let tokens: [Double?]?

            enum CodingKeys: String, CodingKey { case tokens = "token_logprobs" }
        }

        struct Usage: Decodable {
            let promptTokens: Int64
            let generatedTokens: Int64?
            let promptDetails: PromptDetails?

            struct PromptDetails: Decodable {
                let cachedTokens: Int64?

                enum CodingKeys: String, CodingKey { case cachedTokens = "cached_tokens" }
            }

            enum CodingKeys: String, CodingKey {
                case promptTokens = "prompt_tokens", generatedTokens = "completion_tokens"
                case promptDetails = "prompt_tokens_details"
            }
        }
    }
}

extension CompletionsAPI.Chunk {
    /// The same as llama-server would say it: what was written, then how it ended, then what it took.
    func events() throws(CompletionsAPI.NoTokens) -> [CompletionEvent] {
        if let error { return [CompletionEvent(error: error)] }
        var events: [CompletionEvent] = []
        if let choice = choices?.first {
            guard choice.tokens != nil || choice.text?.isEmpty != false else { throw CompletionsAPI.NoTokens() }
            events.append(
                CompletionEvent(
                    content: choice.text, tokens: choice.tokens,
                    completionProbabilities: choice.logProbabilities?.tokens?.map { .init(logprob: $0) }))
            if let reason = choice.finishReason {
                events.append(CompletionEvent(stop: true, stopType: stopType(reason, choice.stopReason)))
            }
        }
        if let usage {
            let cached = usage.promptDetails?.cachedTokens ?? 0
            let evaluated = usage.promptTokens.subtractingReportingOverflow(cached).partialValue
            events.append(
                CompletionEvent(
                    timings: CompletionTimings(
                        cachedTokens: cached, promptTokens: evaluated, promptMilliseconds: 0,
                        generatedTokens: usage.generatedTokens ?? 0, generatedMilliseconds: 0)))
        }
        return events
    }

    private func stopType(_ reason: String, _ stopReason: JSONValue?) -> String {
        switch (reason, stopReason) {
        case ("length", _): "limit"
        case ("stop", .string?): "word"
        case ("stop", _): "eos"
        default: reason
        }
    }
}
