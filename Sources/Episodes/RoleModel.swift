import Domain
package import Generation

/// A role: a model with its instructions and its ways to draw tokens and to act.
package struct RoleModel: Sendable {
    private let model: any LanguageModel
    private let instructions: String?
    private let temperature: Double
    private let thinks: Bool

    /// - Parameter thinks: in an environment it may write lines of thought before its action.
    package init(model: any LanguageModel, instructions: String?, temperature: Double, thinks: Bool = false) {
        self.model = model
        self.instructions = instructions
        self.temperature = temperature
        self.thinks = thinks
    }

    func prepare(_ turn: Turn) async throws(GenerationError) -> PreparedPrompt {
        try await model.prepare(
            Transcript(instructions: instructions, messages: turn.messages, answer: turn.answer))
    }

    func generate(
        _ turn: Turn, _ prompt: PreparedPrompt, _ limits: StepLimits, seed: UInt64,
        onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        try await model.generate(
            prompt, limits: limits,
            sampling: Sampling(
                temperature: temperature, seed: UInt32(truncatingIfNeeded: seed),
                grammar: turn.choice.map { $0.grammar(thinks: thinks) }), onText: onText)
    }
}
