import Domain
import Environments
import Switching

/// An episode's transcript so far, and what of it the Switcher sees.
struct EpisodeProgress: Sendable {
    private(set) var steps: [WrittenStep]
    /// Everything written: the steps joined as they are, actions with a line for each.
    private(set) var text: String
    private let messages: [Message]
    private let marker: String?
    private let stepLimit: Int
    private let separator: String
    /// Where the models act; nil for a reasoning job.
    private var scene: Scene?
    private var isContextFull = false

    init(_ assignment: Assignment) {
        steps = []
        text = ""
        messages = assignment.specification.messages
        marker = assignment.specification.answerMarker
        stepLimit = min(assignment.specification.maxSteps ?? .max, assignment.settings.maxSteps)
        separator = assignment.specification.environment == nil ? "" : "\n"
        for step in assignment.written { append(step) }
    }

    mutating func append(_ step: WrittenStep) {
        text += (steps.isEmpty ? "" : separator) + step.generated.text
        steps.append(step)
    }

    /// Notes what the last step came to, and where the models act next.
    mutating func observe(_ observation: Observation?, in episode: EnvironmentEpisode) {
        if let observation { steps[steps.count - 1].observation = observation }
        scene = Scene(episode)
    }

    /// What the model that writes next gets.
    var turn: Turn { scene?.turn(after: steps) ?? Turn(messages: messages, answer: text) }

    /// Nothing more is to be written.
    var isComplete: Bool { isAnswered || isContextFull || steps.count >= maxSteps || environmentEnd != nil }

    var end: EpisodeEnd { isAnswered ? .answered : isContextFull ? .contextLimit : .stepLimit }

    mutating func endAtContextLimit() { isContextFull = true }

    /// What the environment says of the episode as a whole.
    var outcome: Outcome {
        Outcome(
            answer: text, end: end, reward: steps.reduce(0) { $0 + ($1.observation?.reward ?? 0) },
            success: steps.last?.observation?.success ?? false)
    }

    private var maxSteps: Int { min(stepLimit, scene?.opening.maxSteps ?? .max) }

    private var environmentEnd: EnvironmentEnd? { steps.last?.observation?.end }

    /// The model ended its turn, or a line with the answer marker is complete; the environment ended the episode.
    private var isAnswered: Bool {
        guard scene == nil else { return environmentEnd == .terminated }
        guard let last = steps.last else { return false }
        if last.generated.stopReason == .endOfTurn { return true }
        guard let marker, let range = text.lastRange(of: marker) else { return false }
        let behind = text[range.upperBound...].unicodeScalars.drop(while: \.properties.isWhitespace)
        return behind.contains(where: \.isLineBreak)
    }

    /// Whether two ways to write the next step come to the same: the same action, or the same words and end.
    func isSame(_ one: Generated, _ other: Generated) -> Bool {
        guard scene == nil else { return ActionChoice.action(in: one.text) == ActionChoice.action(in: other.text) }
        return one.stopReason == other.stopReason
            && SwitcherState.words(one.text) == SwitcherState.words(other.text)
    }

    /// What is known of the state before the budget is.
    /// - Parameter draft: of the next step; nil where it is decided without.
    func state(draft: Generated?) -> SwitcherState {
        SwitcherState(
            question: question, opening: scene?.opening.observation, steps: steps, draft: draft, maxSteps: maxSteps,
            remainingBudgetShare: 1, remainingJobShare: 1, dayFraction: 0)
    }

    /// - Parameter draft: of the next step; nil where it is decided without.
    func state(budget: StepBudget, draft: Generated?, dayFraction: Double) -> SwitcherState {
        SwitcherState(
            question: question, opening: scene?.opening.observation, steps: steps, draft: draft, maxSteps: maxSteps,
            remainingBudgetShare: budget.day.remainingShare,
            remainingJobShare: budget.jobCalls?.remainingShare ?? 1, dayFraction: dayFraction)
    }

    private var question: String { scene?.opening.goal ?? messages.last { $0.role == "user" }?.content ?? "" }
}
