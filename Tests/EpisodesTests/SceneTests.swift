import Domain
import Testing

@testable import Episodes

/// The prompt of a model that acts: short enough for a small one, with all that it needs.
@Suite struct Scenes {
    private func prompt(actions: [String]?, shown: Int = 2, steps: Int = 0) -> String {
        let scene = Scene(
            opening: Opening(goal: "g", observation: "o0", maxSteps: 9), choice: ActionChoice(actions: actions),
            shownActions: shown)
        let written = (0..<steps).map { index in
            WrittenStep(
                index: index, role: .quick, generated: Generated(text: "Action: a\(index)", stopReason: .endOfTurn),
                observation: Observation(text: "o\(index + 1)"))
        }
        return scene.turn(after: written).messages[0].content
    }

    @Test func `before the first action only the beginning is shown`() {
        #expect(
            prompt(actions: ["a", "b"])
                == "Possible actions of the agent: a, b\nGoal of the agent: g\nObservation 0: o0\nAction 0:")
    }

    @Test func `a list that is too long for a prompt is left out`() {
        #expect(prompt(actions: (0..<65).map(String.init)) == "Goal of the agent: g\nObservation 0: o0\nAction 0:")
        #expect(prompt(actions: nil) == "Goal of the agent: g\nObservation 0: o0\nAction 0:")
    }

    @Test func `as much of the past is shown as londid conf says`() {
        #expect(
            prompt(actions: nil, shown: 1, steps: 3)
                == "Goal of the agent: g\nObservation 0: o2\nAction 0: a2\nObservation 1: o3\nAction 1:")
        #expect(prompt(actions: nil, shown: 0, steps: 3) == "Goal of the agent: g\nObservation 0: o3\nAction 0:")
    }
}
