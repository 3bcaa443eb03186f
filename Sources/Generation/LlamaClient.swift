import Domain
import FoundationEssentials
import Synchronization

/// Speaks with one llama-server that is up, or with one that serves completions as vLLM does.
struct LlamaClient: Sendable {
    static let largestAnswerBytes = 64 * 1024 * 1024
    /// How often a step may go on after a blank paragraph.
    private static let mostBlankParagraphs = 4
    static let paragraphBreak = "\n\n"

    let role: EngineRole
    let dialect: ServerDialect
    let endpoint: HTTPEndpoint
    /// nil for a server of our own.
    let access: HTTPAccess?
    /// Which of its models the server is asked for; nil where it has one.
    let model: String?
    let time: MonotonicTime
    /// For the quick requests; a step's own limit holds for generating.
    let requestMilliseconds: Int
    let progress = ProgressMeter()
    let pool = HTTPPool()

    init(
        role: EngineRole, dialect: ServerDialect = .llama, endpoint: HTTPEndpoint, access: HTTPAccess? = nil,
        model: String? = nil, time: MonotonicTime, requestLimit: Duration = RestartPolicy().requestLimit
    ) {
        self.role = role
        self.dialect = dialect
        self.endpoint = endpoint
        self.access = access
        self.model = model
        self.time = time
        requestMilliseconds = Int(requestLimit / .milliseconds(1))
    }

    // MARK: - A step

    /// Writes one step; see `LanguageModel.generate`.
    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling,
        onText: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(GenerationError) -> Generated {
        let began = time.now()
        var step = StepSum(prompt: prompt, limits: limits)
        for round in 0...Self.mostBlankParagraphs {
            let elapsed = Int((time.now() - began) / .milliseconds(1))
            let part = await stream(
                prompt: prompt.tokens + step.tokens, tokenLimit: limits.tokens - step.tokens.count,
                timeLimitMilliseconds: max(1, limits.timeMilliseconds - elapsed), sampling: sampling, onText: onText)
            switch part.ending {
            case .complete(let reason): step.add(part, stopReason: reason)
            case .timeLimit where part.isUnheard && access == nil && part.stream.tokens.isEmpty && step.tokens.isEmpty:
                throw .hung(role: role, seconds: limits.timeMilliseconds / 1000)
            case .timeLimit: step.add(part, stopReason: .timeLimit)
            case .cancelled:
                step.add(part, stopReason: .interrupted)
                throw .cancelled(partial: step.generated)
            case .died(let reason):
                step.add(part, stopReason: .interrupted)
                // A server of our own is dead; somebody else's may have written on, who knows how much.
                throw .serverDied(role: role, reason: reason, partial: access == nil ? step.generated : nil)
            case .unused(let error) where step.tokens.isEmpty: throw error
            case .unused(let error):
                throw .serverDied(role: role, reason: "\(error)", partial: step.generated)
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
            while let rest = text.before("\u{FFFD}") { text = String(rest) }
            return text
        } catch {
            switch error {
            case .cancelled: throw .cancelled(partial: partial)
            case .serverDied(let role, let reason, _): throw .serverDied(role: role, reason: reason, partial: partial)
            default: throw .serverDied(role: role, reason: "\(error)", partial: partial)
            }
        }
    }

    /// One request for a continuation, followed until it ends in whatever way.
    private func stream(
        prompt: [Int], tokenLimit: Int, timeLimitMilliseconds: Int, sampling: Sampling,
        onText: @escaping @Sendable (String) -> Void
    ) async -> StreamPart {
        let (path, body) = completion(prompt, tokenLimit: tokenLimit, sampling: sampling)
        let began = time.now()
        let reader = StreamReader(CompletionStream(dialect: dialect, began: began), onText: onText)
        let (time, progress) = (time, progress)
        progress.begin(now: began)
        defer { progress.end() }
        let answer: Result<(status: Int, refusal: [UInt8]), HTTPFailure>
        do {
            answer = .success(
                try await pool.send(
                    HTTPRequest(
                        endpoint: endpoint, path: path, body: body, timeLimitMilliseconds: timeLimitMilliseconds,
                        access: access ?? HTTPAccess(), isRepeatable: false)
                ) { bytes in
                    let now = time.now()
                    progress.note(now: now)
                    return reader.feed(bytes, now: now)
                })
        } catch {
            answer = .failure(error)
        }
        let (stream, endedAt) = (reader.stream, time.now())
        return StreamPart(
            stream: stream, endedAt: endedAt, ending: ending(of: stream, answer),
            isUnheard: isLong(progress.stalled(now: endedAt), of: endedAt - began))
    }

    /// A silence that is no mere slowness: half the time of a request or longer, and of what any request may take.
    private func isLong(_ silence: Duration, of elapsed: Duration) -> Bool {
        silence * 2 >= elapsed && silence * 2 >= .milliseconds(requestMilliseconds)
    }

    /// The request that goes on with a prompt.
    private func completion(_ prompt: [Int], tokenLimit: Int, sampling: Sampling) -> (path: String, body: [UInt8]) {
        switch dialect {
        case .llama:
            let request = LlamaAPI.Completion(
                prompt: prompt, tokenLimit: tokenLimit, temperature: sampling.temperature, seed: sampling.seed,
                topP: sampling.topP, stop: [Self.paragraphBreak], grammar: sampling.grammar)
            return ("/completion", encode(request))
        case .completions(let context):
            let request = CompletionsAPI.Completion(
                prompt: prompt, tokenLimit: max(1, min(tokenLimit, context - prompt.count)),
                temperature: sampling.temperature, seed: sampling.seed, topP: sampling.topP,
                stop: [Self.paragraphBreak], structuredOutputs: sampling.grammar.map { .init(grammar: $0) })
            return ("/v1/completions", encode(request))
        }
    }

    private func ending(
        of stream: CompletionStream, _ answer: Result<(status: Int, refusal: [UInt8]), HTTPFailure>
    ) -> StreamPart.Ending {
        switch stream.failure {
        case .refused(let status, let message):
            return .failed(.http(role: role, status: status, message: redacted(message)))
        case .notUnderstood(let reason): return .failed(.badAnswer(role: role, reason: redacted(reason)))
        case nil: break
        }
        switch answer {
        case .success(let (status, refusal)) where status != 200:
            let error = error(status: status, refusal)
            return error.saysNotBegun ? .unused(error) : .failed(error)
        case .failure(.cancelled): return .cancelled
        case .failure(.timeLimit): return .timeLimit
        case .failure(.broken(let reason)): return .died(reason)
        case .failure(.notReached(let reason)): return .unused(.unavailable(role: role, reason: reason))
        case .failure(.notTrusted(let reason)): return .unused(.notTrusted(role: role, reason: reason))
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
}

/// A stream that curl's thread writes and the caller reads afterwards.
private final class StreamReader: Sendable {
    private let guarded: Mutex<CompletionStream>
    private let onText: @Sendable (String) -> Void

    init(_ stream: CompletionStream, onText: @escaping @Sendable (String) -> Void) {
        guarded = Mutex(stream)
        self.onText = onText
    }

    var stream: CompletionStream { guarded.withLock { $0 } }

    func feed(_ bytes: UnsafeRawBufferPointer, now: Duration) -> Bool {
        let (goesOn, addition) = guarded.withLock { stream in
            let known = stream.text.utf8.count
            let goesOn = stream.feed(bytes, now: now)
            return (goesOn, stream.text.utf8.count > known ? stream.text(after: known) : "")
        }
        if !addition.isEmpty { onText(addition) }
        return goesOn
    }
}
