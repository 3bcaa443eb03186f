import Domain
import Switching

/// An episode's transcript so far, and what of it the Switcher sees.
struct EpisodeProgress: Sendable {
    private(set) var steps: [WrittenStep]
    /// Everything written, the steps joined as they are.
    private(set) var text: String
    private let question: String
    private let marker: String?
    private let maxSteps: Int
    private var isContextFull = false

    init(_ assignment: Assignment) {
        steps = assignment.written
        text = assignment.written.map(\.generated.text).joined()
        question = assignment.specification.messages.last { $0.role == "user" }?.content ?? ""
        marker = assignment.specification.answerMarker
        maxSteps = min(assignment.specification.maxSteps ?? .max, assignment.settings.maxSteps)
    }

    mutating func append(_ step: WrittenStep) {
        steps.append(step)
        text += step.generated.text
    }

    /// Nothing more is to be written.
    var isComplete: Bool { isAnswered || isContextFull || steps.count >= maxSteps }

    var end: EpisodeEnd { isAnswered ? .answered : isContextFull ? .contextLimit : .stepLimit }

    mutating func endAtContextLimit() { isContextFull = true }

    /// The model ended its turn, or a line with the answer marker is complete.
    private var isAnswered: Bool {
        guard let last = steps.last else { return false }
        if last.generated.stopReason == .endOfTurn { return true }
        guard let marker, !marker.isEmpty, let range = text.ranges(of: marker).last else { return false }
        let behind = text[range.upperBound...].drop { $0.isWhitespace }
        return behind.contains { $0.isNewline }
    }

    /// What is known of the state before the budget is.
    /// - Parameter draft: of the next step; nil where it is decided without.
    func state(draft: Generated?) -> SwitcherState {
        SwitcherState(
            question: question, steps: steps, draft: draft, maxSteps: maxSteps, remainingBudgetShare: 1,
            remainingJobShare: 1, dayFraction: 0)
    }

    /// - Parameter draft: of the next step; nil where it is decided without.
    func state(budget: StepBudget, draft: Generated?, dayFraction: Double) -> SwitcherState {
        SwitcherState(
            question: question, steps: steps, draft: draft, maxSteps: maxSteps,
            remainingBudgetShare: budget.day.remainingShare,
            remainingJobShare: budget.jobCalls?.remainingShare ?? 1, dayFraction: dayFraction)
    }
}
