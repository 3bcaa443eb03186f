import Domain
import FoundationEssentials
import Synchronization

/// Speaks with one llama-server that is up.
struct LlamaClient: Sendable {
    static let largestAnswerBytes = 64 * 1024 * 1024
    /// For the quick requests; a step's own limit holds for generating.
    private static let requestMilliseconds = 60_000
    /// How often a step may go on after a blank paragraph.
    private static let mostBlankParagraphs = 4
    static let paragraphBreak = "\n\n"

    let role: EngineRole
    let endpoint: HTTPEndpoint
    let time: MonotonicTime
    let progress = ProgressMeter()
    private let pool = HTTPPool()

    init(role: EngineRole, endpoint: HTTPEndpoint, time: MonotonicTime) {
        self.role = role
        self.endpoint = endpoint
        self.time = time
    }

    // MARK: - Quick requests

    /// True once the server has loaded its model. Throws where it does not answer at all.
    func isHealthy() async throws(GenerationError) -> Bool {
        let (status, _) = try await fetch("/health", body: nil)
        return status == 200
    }

    func properties() async throws(GenerationError) -> LlamaAPI.Properties { try await get("/props") }

    /// The prompt by the model's own chat template, ready for the assistant's turn.
    func applyTemplate(_ messages: [Message]) async throws(GenerationError) -> String {
        let answer: LlamaAPI.Prompt = try await post("/apply-template", LlamaAPI.ApplyTemplate(messages: messages))
        return answer.prompt
    }

    /// The tokens of a prompt that the model will continue.
    ///
    /// White space at the end is split as if a word followed: "\n\n" alone may become one token that the model never
    /// saw before a word and goes on from badly. So a letter is put after it and its token taken off again.
    func tokenize(_ prompt: String) async throws(GenerationError) -> [Int] {
        if prompt.last?.isWhitespace == true {
            let answer: LlamaAPI.Tokens = try await post("/tokenize", LlamaAPI.Tokenize(content: prompt + "A"))
            if answer.tokens.last?.piece == "A" { return answer.tokens.dropLast().map(\.id) }
        }
        let answer: LlamaAPI.Tokens = try await post("/tokenize", LlamaAPI.Tokenize(content: prompt))
        return answer.tokens.map(\.id)
    }

    private func detokenize(_ tokens: [Int]) async throws(GenerationError) -> String {
        let answer: LlamaAPI.Text = try await post("/detokenize", LlamaAPI.Detokenize(tokens: tokens))
        return answer.content
    }

    // MARK: - A step

    /// Writes one step; see `LanguageModel.generate`.
    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling
    ) async throws(GenerationError) -> Generated {
        let began = time.now()
        var step = StepSum(prompt: prompt, limits: limits)
        for round in 0...Self.mostBlankParagraphs {
            let elapsed = Int((time.now() - began) / .milliseconds(1))
            let part = await stream(
                prompt: prompt.tokens + step.tokens, tokenLimit: limits.tokens - step.tokens.count,
                timeLimitMilliseconds: max(1, limits.timeMilliseconds - elapsed), sampling: sampling)
            switch part.ending {
            case .complete(let reason): step.add(part, stopReason: reason)
            case .timeLimit: step.add(part, stopReason: .timeLimit)
            case .cancelled:
                step.add(part, stopReason: .interrupted)
                throw .cancelled(partial: step.generated)
            case .died(let reason):
                step.add(part, stopReason: .interrupted)
                throw .serverDied(role: role, reason: reason, partial: step.generated)
            case .failed(.promptTooLong) where !step.tokens.isEmpty:
                // What it wrote so far was written: the step must not go unbooked.
                step.endAtContext()
                return step.generated
            case .failed(let error): throw error
            }
            // Whoever stops within a possible break keeps its beginning back: a step's text must not lose it.
            if step.stopReason == .length || step.stopReason == .timeLimit, !part.stream.withheldTokens.isEmpty {
                step.addText(try await text(of: part.stream.withheldTokens, partial: step.generated))
            }
            let isBlankParagraph = step.stopReason == .paragraph && step.isBlank && step.tokens.count < limits.tokens
            if !isBlankParagraph || round == Self.mostBlankParagraphs { break }
        }
        return step.generated
    }

    /// The text of a step's last tokens, but for an incomplete character at the end.
    private func text(of tokens: [Int], partial: Generated) async throws(GenerationError) -> String {
        do {
            var text = try await detokenize(tokens)
            while text.last == "\u{FFFD}" { text.removeLast() }
            return text
        } catch {
            switch error {
            case .cancelled: throw .cancelled(partial: partial)
            case .serverDied(let role, let reason, _): throw .serverDied(role: role, reason: reason, partial: partial)
            default: throw error
            }
        }
    }

    /// One request for a continuation, followed until it ends in whatever way.
    private func stream(
        prompt: [Int], tokenLimit: Int, timeLimitMilliseconds: Int, sampling: Sampling
    ) async -> StreamPart {
        let request = LlamaAPI.Completion(
            prompt: prompt, tokenLimit: tokenLimit, temperature: sampling.temperature, seed: sampling.seed,
            topP: sampling.topP, stop: [Self.paragraphBreak], grammar: sampling.grammar)
        let reader = StreamReader()
        let (time, progress) = (time, progress)
        progress.begin(now: time.now())
        defer { progress.end() }
        let answer: Result<(status: Int, refusal: [UInt8]), HTTPFailure>
        do {
            answer = .success(
                try await pool.send(
                    HTTPRequest(
                        endpoint: endpoint, path: "/completion", body: encode(request),
                        timeLimitMilliseconds: timeLimitMilliseconds)
                ) { bytes in
                    let now = time.now()
                    progress.note(now: now)
                    return reader.feed(bytes, now: now)
                })
        } catch {
            answer = .failure(error)
        }
        let stream = reader.stream
        return StreamPart(stream: stream, endedAt: time.now(), ending: ending(of: stream, answer))
    }

    private func ending(
        of stream: CompletionStream, _ answer: Result<(status: Int, refusal: [UInt8]), HTTPFailure>
    ) -> StreamPart.Ending {
        switch stream.failure {
        case .refused(let status, let message):
            return .failed(.http(role: role, status: status, message: message))
        case .notUnderstood(let reason): return .failed(.badAnswer(role: role, reason: reason))
        case nil: break
        }
        switch answer {
        case .success(let (status, refusal)) where status != 200: return .failed(error(status: status, refusal))
        case .failure(.cancelled): return .cancelled
        case .failure(.timeLimit): return .timeLimit
        case .failure(.transport(let reason)): return .died(reason)
        case .failure(.refusedByReader): return .failed(.badAnswer(role: role, reason: "an unreadable stream"))
        case .success: break
        }
        switch stream.stopType {
        case "word": return .complete(.paragraph)
        case "limit": return .complete(.length)
        case "eos": return .complete(.endOfTurn)
        case nil: return .died("the stream ended without its last event")
        case let other?: return .failed(.badAnswer(role: role, reason: "unknown stop_type '\(other)'"))
        }
    }

    // MARK: - HTTP

    private func get<Answer: Decodable>(_ path: String) async throws(GenerationError) -> Answer {
        try decode(try await fetch(path, body: nil))
    }

    func post<Answer: Decodable>(
        _ path: String, _ body: some Encodable
    ) async throws(GenerationError) -> Answer {
        try decode(try await fetch(path, body: encode(body)))
    }

    private func fetch(_ path: String, body: [UInt8]?) async throws(GenerationError) -> (status: Int, body: [UInt8]) {
        let request = HTTPRequest(
            endpoint: endpoint, path: path, body: body, timeLimitMilliseconds: Self.requestMilliseconds)
        do {
            return try await pool.fetch(request, limitBytes: Self.largestAnswerBytes)
        } catch {
            switch error {
            case .cancelled: throw .cancelled(partial: Generated(text: "", stopReason: .interrupted))
            case .timeLimit:
                throw .serverDied(role: role, reason: "no answer to \(path) in time", partial: nil)
            case .refusedByReader: throw .badAnswer(role: role, reason: "\(path): an answer over the limit")
            case .transport(let reason): throw .serverDied(role: role, reason: reason, partial: nil)
            }
        }
    }

    private func encode(_ body: some Encodable) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(body))
        } catch {
            preconditionFailure("a request of numbers and texts is always JSON: \(error)")
        }
    }

    private func decode<Answer: Decodable>(
        _ answer: (status: Int, body: [UInt8])
    ) throws(GenerationError) -> Answer {
        guard answer.status == 200 else { throw error(status: answer.status, answer.body) }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
        } catch {
            throw .badAnswer(role: role, reason: "\(error)")
        }
    }

    private func error(status: Int, _ body: [UInt8]) -> GenerationError {
        do {
            let details = try JSONDecoder().decode(ServerRefusal.self, from: Data(body)).error
            if details.type == "exceed_context_size_error", let tokens = details.promptTokens,
                let context = details.context
            {
                return .promptTooLong(role: role, tokens: tokens, context: context)
            }
            return .http(role: role, status: status, message: details.message ?? "no reason given")
        } catch {
            return .http(role: role, status: status, message: String(decoding: body.prefix(500), as: UTF8.self))
        }
    }
}

/// A stream that curl's thread writes and the caller reads afterwards.
private final class StreamReader: Sendable {
    private let guarded = Mutex(CompletionStream())

    var stream: CompletionStream { guarded.withLock { $0 } }

    func feed(_ bytes: UnsafeRawBufferPointer, now: Duration) -> Bool {
        guarded.withLock { $0.feed(bytes, now: now) }
    }
}
