import Domain
import Environments

/// What a model that acts is shown: the goal, the possible actions, and the last observations and actions. Of an observation that
/// came earlier in the episode it is told how often, as nothing else shows a model that it goes round in circles.
/// - Source: the prompt of Carta et al. 2023, arXiv 2302.02662, appendix, and that mark.
struct Scene: Sendable {
    /// A longer list of possible actions would take more of the prompt than all the rest.
    static let longestList = 64

    let opening: Opening
    let choice: ActionChoice
    /// How many of the last actions are shown.
    let shownActions: Int
    /// How many of the last observations are shown, at most one more than actions.
    let shownObservations: Int

    /// The turn that follows `steps`.
    func turn(after steps: [WrittenStep]) -> Turn {
        var lines: [String] = []
        if let actions = choice.actions, actions.count <= Self.longestList {
            lines.append("Possible actions of the agent: \(actions.joined(separator: ", "))")
        }
        lines.append("Goal of the agent: \(opening.goal)")
        let first = max(0, steps.count - shownActions)
        let seen = [opening.observation] + steps.map { $0.observation?.text ?? "" }
        for (number, index) in (first...steps.count).enumerated() {
            if index > steps.count - shownObservations {
                let count = seen[..<index].count { $0 == seen[index] }
                lines.append("Observation \(number)\(Self.mark(count)): \(seen[index])")
            }
            let action = index < steps.count ? " " + ActionChoice.action(in: steps[index].generated.text) : ""
            lines.append("Action \(number):\(action)")
        }
        return Turn(
            messages: [Message(role: "user", content: lines.joined(separator: "\n"))], answer: "", choice: choice)
    }

    /// - Parameter count: how often the same was seen before.
    private static func mark(_ count: Int) -> String {
        switch count {
        case 0: ""
        case 1: ", seen once before"
        case 2: ", seen twice before"
        default: ", seen \(count) times before"
        }
    }
}

extension Scene {
    init(_ episode: EnvironmentEpisode) {
        opening = episode.opening
        choice = ActionChoice(actions: episode.actions)
        shownActions = episode.process.configuration.shownActions
        shownObservations = episode.process.configuration.shownObservations
    }
}
