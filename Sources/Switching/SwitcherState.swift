package import Domain

/// What the Switcher sees before a step: the paper's s, the remaining budget z of LONDI-B, and a little memory.
package struct SwitcherState: Hashable, Sendable {
    /// What was asked: the chat's messages as one text.
    package var question: String
    /// What both models have written so far.
    package var answer: String
    /// What the last step wrote and an environment answered; before the first what the environment showed, if there is one.
    package var lastText: String
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
    /// How many earlier steps had the last step's text, an environment's opening among them: a model going round in circles.
    package var repeats: Int
    /// Steps since QUICK's last one: 0 where it wrote the last step, nil where it has not written yet.
    package var stepsSinceQuick: Int?
    /// How many steps in a row, the last one included, brought nothing new: no words, or those of an earlier step.
    package var emptySteps: Int
    /// How many steps DEEPTHINK has written.
    package var deepthinkSteps: Int
    /// How many steps in a row, the last one included, DEEPTHINK wrote.
    package var deepthinkInARow: Int
    /// What QUICK has drafted for the step to be decided, where the queue observes the draft; nil elsewhere.
    package var draft: Generated?
    /// How many earlier steps had the draft's text.
    package var draftRepeats: Int
    /// What is left of the day's scarcest budget: 1 untouched or unlimited, 0 spent.
    package var remainingBudgetShare: Double
    /// What is left of the job's own DEEPTHINK calls, the paper's z / n: 1 untouched or without a limit, 0 spent.
    package var remainingJobShare: Double
    /// The time of day in the queue's zone, 0..<1.
    package var dayFraction: Double

    package init(
        question: String, answer: String = "", lastText: String = "", stepIndex: Int = 0, maxSteps: Int,
        lastRole: Role? = nil,
        quickLogProbabilities: LogProbabilities? = nil, lastStepTokens: Int = 0, repeats: Int = 0,
        stepsSinceQuick: Int? = nil, emptySteps: Int = 0, deepthinkSteps: Int = 0, deepthinkInARow: Int = 0,
        draft: Generated? = nil, draftRepeats: Int = 0, remainingBudgetShare: Double = 1,
        remainingJobShare: Double = 1, dayFraction: Double = 0
    ) {
        self.question = question
        self.answer = answer
        self.lastText = lastText
        self.stepIndex = stepIndex
        self.maxSteps = maxSteps
        self.lastRole = lastRole
        self.quickLogProbabilities = quickLogProbabilities
        self.lastStepTokens = lastStepTokens
        self.repeats = repeats
        self.stepsSinceQuick = stepsSinceQuick
        self.emptySteps = emptySteps
        self.deepthinkSteps = deepthinkSteps
        self.deepthinkInARow = deepthinkInARow
        self.draft = draft
        self.draftRepeats = draftRepeats
        self.remainingBudgetShare = remainingBudgetShare
        self.remainingJobShare = remainingJobShare
        self.dayFraction = dayFraction
    }

    /// The state before the step that follows `steps`, in the order in which they were written.
    /// - Parameter opening: what an environment showed before the first step.
    package init(
        question: String, opening: String? = nil, steps: [WrittenStep], draft: Generated? = nil, maxSteps: Int,
        remainingBudgetShare: Double, remainingJobShare: Double = 1, dayFraction: Double
    ) {
        let quickIndex = steps.lastIndex { $0.role == .quick }
        // The opening counts as seen: a first step that leads nowhere shows it again.
        let seen = (opening.map { [Self.words($0)] } ?? []) + steps.map(Self.words(of:))
        self.init(
            question: question,
            answer: ([opening].compactMap(\.self) + steps.map(Self.text(of:))).joined(separator: "\n"),
            lastText: steps.last.map(Self.text(of:)) ?? opening ?? "", stepIndex: steps.count, maxSteps: maxSteps,
            lastRole: steps.last?.role,
            quickLogProbabilities: quickIndex.flatMap { steps[$0].generated.logProbabilities },
            lastStepTokens: steps.last.map { Int($0.generated.generatedTokens) } ?? 0,
            repeats: steps.isEmpty ? 0 : seen.dropLast().count { $0 == seen[seen.count - 1] },
            stepsSinceQuick: quickIndex.map { steps.count - 1 - $0 },
            emptySteps: Self.emptySteps(steps, seen), deepthinkSteps: steps.count { $0.role == .deepthink },
            deepthinkInARow: steps.reversed().prefix { $0.role == .deepthink }.count, draft: draft,
            draftRepeats: draft.map { draft in steps.count { Self.words($0.generated.text) == Self.words(draft.text) } }
                ?? 0,
            remainingBudgetShare: remainingBudgetShare, remainingJobShare: remainingJobShare, dayFraction: dayFraction)
    }

    /// What a step wrote, and below it what the environment answered.
    private static func text(of step: WrittenStep) -> String {
        [step.generated.text, step.observation?.text].compactMap(\.self).joined(separator: "\n")
    }

    /// A reward is progress, whatever the text.
    /// - Parameter seen: the words of each step, behind those of the opening where there is one.
    private static func emptySteps(_ steps: [WrittenStep], _ seen: [[Substring]]) -> Int {
        let first = seen.count - steps.count
        let lastNew = steps.indices.last { index in
            let words = seen[first + index]
            return steps[index].observation?.reward ?? 0 > 0
                || (!words.isEmpty && !seen[..<(first + index)].contains(words))
        }
        return steps.count - 1 - (lastNew ?? -1)
    }

    /// The answer as it would be with the draft.
    var answerWithDraft: String { draft.map { "\(answer)\n\($0.text)" } ?? answer }

    /// A step's text without its white space: two steps that differ only there are the same step. Where an environment
    /// answered, that is the text: the same few actions come again and again, and what is seen tells where they led.
    private static func words(of step: WrittenStep) -> [Substring] {
        words(step.observation?.text ?? step.generated.text)
    }

    /// Texts with the same words differ in white space alone.
    package static func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
}
