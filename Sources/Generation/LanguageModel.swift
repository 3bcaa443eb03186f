package import Domain

/// One role's model, as `Episodes` sees it: it goes on with a transcript, one step at a time.
package protocol LanguageModel: Sendable {
    /// The key of the model, stable over restarts, for policies that depend on it. Suspends until it is known first.
    var identity: String { get async }

    /// The transcript as the model's own tokens, by its own chat template, ending where the answer so far ends.
    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt

    /// Writes one step: until a paragraph break (kept in the text, so that steps concatenate to the answer), the end of
    /// turn or a limit. Cancelling the task closes the stream at once and throws `cancelled` with what is known.
    /// - Parameter onText: hears each addition to the step's text as it comes, on the thread that reads it: it may not
    ///   block. What is returned decides: it may go on where the additions end.
    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated
}

extension LanguageModel {
    /// The same where nobody listens.
    package func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling
    ) async throws(GenerationError) -> Generated {
        try await generate(prompt, limits: limits, sampling: sampling) { _ in }
    }
}

/// What both models go on with: the chat, and the answer as written so far by either.
package struct Transcript: Hashable, Sendable {
    /// With the role's own instructions put before them.
    package var messages: [Message]
    /// The steps so far, concatenated; empty at the first.
    package var answer: String

    package init(messages: [Message], answer: String) {
        self.messages = messages
        self.answer = answer
    }

    /// Puts a role's instructions before a job's messages. A job's own system message is kept after them, in one
    /// message, since most chat templates refuse a second one.
    package init(instructions: String?, messages: [Message], answer: String) {
        self.init(messages: messages, answer: answer)
        guard let instructions, !instructions.isEmpty else { return }
        if let first = messages.first, first.role == "system" {
            self.messages[0].content = instructions + "\n\n" + first.content
        } else {
            self.messages.insert(Message(role: "system", content: instructions), at: 0)
        }
    }
}

/// A transcript in one model's tokens.
package struct PreparedPrompt: Hashable, Sendable {
    package var tokens: [Int]
    package var tokenCount: Int { tokens.count }

    package init(tokens: [Int]) { self.tokens = tokens }
}

/// How long one step may become.
package struct StepLimits: Hashable, Sendable {
    /// Generated tokens, >= 1.
    package var tokens: Int
    /// From the request to its end, > 0.
    package var timeMilliseconds: Int

    package init(tokens: Int, timeMilliseconds: Int) {
        precondition(tokens >= 1 && timeMilliseconds >= 1, "a step needs room for one token and one millisecond")
        self.tokens = tokens
        self.timeMilliseconds = timeMilliseconds
    }

    /// The most that a step with this prompt can be charged: no `Generated` exceeds it.
    package func worstCase(for prompt: PreparedPrompt) -> Spend {
        Spend(calls: 1, tokens: Int64(prompt.tokenCount + tokens), gpuMilliseconds: Int64(timeMilliseconds))
    }
}

/// How the next token is drawn.
package struct Sampling: Hashable, Sendable {
    /// 0: always the likeliest token.
    package var temperature: Double
    /// Unused at temperature 0.
    package var seed: UInt32
    /// Draws from the likeliest tokens that have this probability together, 0 < p <= 1.
    package var topP: Double
    /// What may be written, in GBNF; nil: anything.
    package var grammar: String?

    package init(temperature: Double = 0, seed: UInt32 = 0, topP: Double = 0.95, grammar: String? = nil) {
        self.temperature = temperature
        self.seed = seed
        self.topP = topP
        self.grammar = grammar
    }
}
