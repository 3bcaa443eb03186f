import Domain
import FoundationEssentials

/// What is asked beside the steps: small requests that change nothing, and may be repeated.
extension LlamaClient {
    /// True once the server has loaded its model. Throws where it does not answer at all, or not as a server of models.
    func isHealthy() async throws(GenerationError) -> Bool {
        let (status, body) = try await fetch("/health", body: nil)
        switch status {
        case 200: return true
        case 503: return false
        case 404: throw .unfit(role: role, reason: "it has no /health, so it is neither a llama-server nor vLLM")
        default: throw error(status: status, body)
        }
    }

    func properties() async throws(GenerationError) -> LlamaAPI.Properties { try await get(of: "/props") }

    /// What a router, or a server of completions, calls its models.
    func modelNames() async throws(GenerationError) -> [String] {
        let served: CompletionsAPI.Models = try await get("/v1/models")
        return served.data.map(\.id)
    }

    /// The model that a server of completions serves, and how many tokens it holds; nil where that is not known.
    func servedModel() async throws(GenerationError) -> (name: String, context: Int?) {
        let served: CompletionsAPI.Models = try await get("/v1/models")
        let names = served.data.map(\.id)
        guard let found = served.data.first(where: { model == nil || $0.id == model }) else {
            throw .unfit(
                role: role,
                reason: model.map { "it serves no model '\($0)' but \(names.joined(separator: ", "))" }
                    ?? "it serves no model")
        }
        guard model != nil || names.count == 1 else {
            throw .unfit(
                role: role, reason: "it serves \(names.joined(separator: ", ")): name one of them by ModelName=")
        }
        return (found.id, found.context)
    }

    /// Where a chat ends and the assistant's turn begins, by the model's own chat template.
    func opening(of messages: [Message]) async throws(GenerationError) -> ChatOpening {
        switch dialect {
        case .llama:
            let answer: LlamaAPI.Prompt = try await post("/apply-template", LlamaAPI.ApplyTemplate(messages: messages))
            return .text(answer.prompt)
        case .completions:
            let answer: CompletionsAPI.Tokens = try await post(
                "/tokenize", CompletionsAPI.TokenizeChat(messages: messages))
            return .tokens(answer.tokens)
        }
    }

    /// The tokens of a prompt that the model will continue: a chat, and what was written of the answer.
    func tokens(_ opening: ChatOpening, _ answer: String) async throws(GenerationError) -> [Int] {
        switch opening {
        case .text(let text): try await tokenize(text + answer)
        case .tokens(let tokens) where answer.isEmpty: tokens
        case .tokens(let tokens): tokens + (try await tokenize(answer, isWhole: false))
        }
    }

    /// The tokens of a text.
    ///
    /// White space at the end is split as if a word followed: "\n\n" alone may become one token that the model never
    /// saw before a word and goes on from badly. So a letter is put after it and its token taken off again.
    /// - Parameter isWhole: false for the end of something, before which no token for a beginning belongs.
    func tokenize(_ text: String, isWhole: Bool = true) async throws(GenerationError) -> [Int] {
        if text.unicodeScalars.last?.properties.isWhitespace == true {
            let tokens = try await pieces(of: text + "A", isWhole: isWhole)
            if tokens.last?.piece == "A" { return tokens.dropLast().map(\.id) }
        }
        return try await pieces(of: text, isWhole: isWhole).map(\.id)
    }

    private static let mostTokensAround = 256
    /// The JSON around a token's number and its piece.
    private static let bytesOfToken = 64

    private func pieces(of text: String, isWhole: Bool) async throws(GenerationError) -> [(id: Int, piece: String?)] {
        // A token stands for a byte at least, but for the few that a model puts around a text; escaped, a byte takes six.
        let most = text.utf8.count + Self.mostTokensAround
        let limit = min(Self.largestAnswerBytes, most * (Self.bytesOfToken + 6))
        switch dialect {
        case .llama:
            let answer: LlamaAPI.Tokens = try await post(
                "/tokenize", LlamaAPI.Tokenize(content: text, addSpecial: isWhole), limitBytes: limit)
            return answer.tokens.map { ($0.id, $0.piece) }
        case .completions:
            let answer: CompletionsAPI.Tokens = try await post(
                "/tokenize", CompletionsAPI.TokenizeText(prompt: text, addSpecialTokens: isWhole),
                limitBytes: limit)
            let texts = answer.texts ?? []
            return answer.tokens.enumerated().map { ($1, $0 < texts.count ? texts[$0] : nil) }
        }
    }

    func detokenize(_ tokens: [Int]) async throws(GenerationError) -> String {
        switch dialect {
        case .llama:
            let answer: LlamaAPI.Text = try await post("/detokenize", LlamaAPI.Detokenize(tokens: tokens))
            return answer.content
        case .completions:
            let answer: CompletionsAPI.Text = try await post("/detokenize", LlamaAPI.Detokenize(tokens: tokens))
            return answer.prompt
        }
    }

    /// A request without a body names its model in the address.
    private func get<Answer: Decodable>(of path: String) async throws(GenerationError) -> Answer {
        guard let model else { return try await get(path) }
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let name = model.utf8.map { byte in
            plain.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return try await get("\(path)?model=\(name.joined())")
    }
}

/// A chat that a model is to answer, as its server prepares it.
enum ChatOpening: Hashable, Sendable {
    case text(String)
    case tokens([Int])
}
