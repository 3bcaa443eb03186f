/// One event of llama-server's `/completion` stream: a token, progress with the prompt, or the end.
/// - Source: llama.cpp, tools/server/README.md, "POST /completion".
struct CompletionEvent: Decodable {
    var content: String?
    var tokens: [Int]?
    var stop: Bool?
    /// `none`, `eos`, `limit` or `word`; at the end only.
    var stopType: String?
    var timings: CompletionTimings?
    var promptProgress: PromptProgress?
    var completionProbabilities: [TokenProbability]?
    /// The request failed after it had begun.
    var error: ServerRefusal.Details?
    var code: Int?
    var message: String?

    struct PromptProgress: Decodable {
        var total: Int64
        var cache: Int64
        var processed: Int64
        var milliseconds: Double

        enum CodingKeys: String, CodingKey {
            case total, cache, processed, milliseconds = "time_ms"
        }
    }

    struct TokenProbability: Decodable {
        var logprob: Double?
    }

    enum CodingKeys: String, CodingKey {
        case content, tokens, stop, timings, error, code, message
        case stopType = "stop_type"
        case promptProgress = "prompt_progress"
        case completionProbabilities = "completion_probabilities"
    }
}

/// What a request took so far, as the server reports it.
struct CompletionTimings: Decodable, Hashable {
    /// Prompt tokens reused from the cache.
    var cachedTokens: Int64
    /// Prompt tokens evaluated.
    var promptTokens: Int64
    var promptMilliseconds: Double
    var generatedTokens: Int64
    var generatedMilliseconds: Double

    enum CodingKeys: String, CodingKey {
        case cachedTokens = "cache_n"
        case promptTokens = "prompt_n"
        case promptMilliseconds = "prompt_ms"
        case generatedTokens = "predicted_n"
        case generatedMilliseconds = "predicted_ms"
    }

    /// With every number within what a request can take: a server may report anything.
    var sane: CompletionTimings {
        func count(_ number: Int64) -> Int64 { min(max(0, number), 1 << 40) }
        func milliseconds(_ number: Double) -> Double { number.isFinite ? min(max(0, number), 1e12) : 0 }
        return CompletionTimings(
            cachedTokens: count(cachedTokens), promptTokens: count(promptTokens),
            promptMilliseconds: milliseconds(promptMilliseconds), generatedTokens: count(generatedTokens),
            generatedMilliseconds: milliseconds(generatedMilliseconds))
    }

    static let none = CompletionTimings(
        cachedTokens: 0, promptTokens: 0, promptMilliseconds: 0, generatedTokens: 0, generatedMilliseconds: 0)
}

/// llama-server's body of a refused request.
struct ServerRefusal: Decodable {
    struct Details: Decodable {
        var code: Int?
        var message: String?
        var type: String?
        var promptTokens: Int?
        var context: Int?

        enum CodingKeys: String, CodingKey {
            case code, message, type, promptTokens = "n_prompt_tokens", context = "n_ctx"
        }
    }

    var error: Details
}
