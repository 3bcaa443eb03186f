import Domain

/// One request of a step, as it ended.
struct StreamPart {
    enum Ending {
        case complete(StopReason)
        case timeLimit
        case cancelled
        case died(String)
        /// The server has not begun with the request.
        case unused(GenerationError)
        case failed(GenerationError)
    }

    let stream: CompletionStream
    let endedAt: Duration
    let ending: Ending
    /// For so long that it hangs, the server has shown no sign of work, not for any other request either.
    var isUnheard = false
}

/// Adds up the requests that one step takes: one, but for blank paragraphs.
struct StepSum {
    private let prompt: PreparedPrompt
    private let limits: StepLimits
    private var text = ""
    /// Written so far, for the next request's prompt.
    private(set) var tokens: [Int] = []
    private(set) var stopReason = StopReason.interrupted
    private var logProbabilities: [Double] = []
    private var promptTokens: Int64 = 0
    private var cachedTokens: Int64 = 0
    private var generatedTokens: Int64 = 0
    private var milliseconds = 0.0

    init(prompt: PreparedPrompt, limits: StepLimits) {
        self.prompt = prompt
        self.limits = limits
    }

    var isBlank: Bool { text.isBlank }

    mutating func addText(_ more: String) { text += more }

    /// Nothing more fits into the model's context.
    mutating func endAtContext() { stopReason = .length }

    mutating func add(_ part: StreamPart, stopReason: StopReason) {
        let timings = part.stream.timings
        // What this step wrote itself and had read again is part of the writing.
        promptTokens += max(0, timings.promptTokens - Int64(tokens.count))
        if tokens.isEmpty { cachedTokens = timings.cachedTokens }
        generatedTokens += max(timings.generatedTokens, Int64(part.stream.tokens.count))
        milliseconds += timings.promptMilliseconds + timings.generatedMilliseconds
        if part.stream.stopType == nil, let reportedAt = part.stream.reportedAt {
            // Cut off: the server worked on after its last report, until the connection was closed.
            milliseconds += (part.endedAt - reportedAt) / .milliseconds(1)
        }
        text += part.stream.text
        if stopReason == .paragraph { text += LlamaClient.paragraphBreak }
        tokens += part.stream.tokens
        logProbabilities += part.stream.logProbabilities
        self.stopReason = stopReason
    }

    /// Never more than `StepLimits.worstCase`: what the server needed beyond it, to notice a time limit or to read
    /// again what it had dropped, is not the step's.
    var generated: Generated {
        Generated(
            text: text, stopReason: stopReason, promptTokens: min(promptTokens, Int64(prompt.tokenCount)),
            cachedTokens: cachedTokens, generatedTokens: min(generatedTokens, Int64(limits.tokens)),
            gpuMilliseconds: min(Int64(milliseconds.rounded(.up)), Int64(limits.timeMilliseconds)),
            logProbabilities: LogProbabilities(of: logProbabilities))
    }
}
