package import Domain

/// What the Switcher sees before a step: the paper's s, the remaining budget z of LONDI-B, and a little memory.
package struct SwitcherState: Hashable, Sendable {
    /// What was asked: the chat's messages as one text.
    package var question: String
    /// What both models have written so far.
    package var answer: String
    /// The number of the step to be decided, from 0.
    package var stepIndex: Int
    /// The episode's step limit, >= 1.
    package var maxSteps: Int
    /// Who wrote the last step; nil before the first.
    package var lastRole: Role?
    /// How sure QUICK was on its last step; nil where QUICK has not written yet or its server gives none.
    package var quickLogProbabilities: LogProbabilities?
    /// Tokens generated in the last step.
    package var lastStepTokens: Int
    /// How many earlier steps had the last step's text: a model going round in circles.
    package var repeats: Int
    /// Steps since QUICK's last one: 0 where it wrote the last step, nil where it has not written yet.
    package var stepsSinceQuick: Int?
    /// What is left of the day's scarcest budget: 1 untouched or unlimited, 0 spent.
    package var remainingBudgetShare: Double
    /// The time of day in the queue's zone, 0..<1.
    package var dayFraction: Double

    package init(
        question: String, answer: String = "", stepIndex: Int = 0, maxSteps: Int, lastRole: Role? = nil,
        quickLogProbabilities: LogProbabilities? = nil, lastStepTokens: Int = 0, repeats: Int = 0,
        stepsSinceQuick: Int? = nil, remainingBudgetShare: Double = 1, dayFraction: Double = 0
    ) {
        self.question = question
        self.answer = answer
        self.stepIndex = stepIndex
        self.maxSteps = maxSteps
        self.lastRole = lastRole
        self.quickLogProbabilities = quickLogProbabilities
        self.lastStepTokens = lastStepTokens
        self.repeats = repeats
        self.stepsSinceQuick = stepsSinceQuick
        self.remainingBudgetShare = remainingBudgetShare
        self.dayFraction = dayFraction
    }

    /// The state before the step that follows `steps`, in the order in which they were written.
    package init(
        question: String, steps: [WrittenStep], maxSteps: Int, remainingBudgetShare: Double, dayFraction: Double
    ) {
        let quickIndex = steps.lastIndex { $0.role == .quick }
        self.init(
            question: question, answer: steps.map(\.generated.text).joined(separator: "\n"), stepIndex: steps.count,
            maxSteps: maxSteps, lastRole: steps.last?.role,
            quickLogProbabilities: quickIndex.flatMap { steps[$0].generated.logProbabilities },
            lastStepTokens: steps.last.map { Int($0.generated.generatedTokens) } ?? 0,
            repeats: steps.last.map { last in
                let text = Self.words(of: last)
                return steps.dropLast().count { Self.words(of: $0) == text }
            } ?? 0,
            stepsSinceQuick: quickIndex.map { steps.count - 1 - $0 },
            remainingBudgetShare: remainingBudgetShare, dayFraction: dayFraction)
    }

    /// A step's text without its white space: two steps that differ only there are the same step.
    private static func words(of step: WrittenStep) -> [Substring] {
        step.generated.text.split(whereSeparator: \.isWhitespace)
    }
}
