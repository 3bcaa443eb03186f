import Domain
package import Generation

/// A role: a model with its instructions and its way to draw tokens.
package struct RoleModel: Sendable {
    private let model: any LanguageModel
    private let instructions: String?
    private let temperature: Double

    package init(model: any LanguageModel, instructions: String?, temperature: Double) {
        self.model = model
        self.instructions = instructions
        self.temperature = temperature
    }

    func prepare(_ assignment: Assignment, answer: String) async throws(GenerationError) -> PreparedPrompt {
        try await model.prepare(
            Transcript(instructions: instructions, messages: assignment.specification.messages, answer: answer))
    }

    func generate(
        _ prompt: PreparedPrompt, _ limits: StepLimits, seed: UInt64
    ) async throws(GenerationError) -> Generated {
        try await model.generate(
            prompt, limits: limits, sampling: Sampling(temperature: temperature, seed: UInt32(truncatingIfNeeded: seed))
        )
    }
}
