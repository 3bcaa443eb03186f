import Domain
import Testing

@testable import Episodes

/// The prompt of a model that acts: short enough for a small one, with all that it needs.
@Suite struct Scenes {
    /// - Parameter seen: the observations, the opening's first; one more than steps.
    private func prompt(
        actions: [String]? = nil, shown: Int = 2, observations: Int = 3, seen: [String] = ["o0"]
    ) -> String {
        let scene = Scene(
            opening: Opening(goal: "g", observation: seen[0], maxSteps: 9), choice: ActionChoice(actions: actions),
            shownActions: shown, shownObservations: observations)
        let written = (0..<seen.count - 1).map { index in
            WrittenStep(
                index: index, role: .quick, generated: Generated(text: "Action: a\(index)", stopReason: .endOfTurn),
                observation: Observation(text: seen[index + 1]))
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
        #expect(prompt() == "Goal of the agent: g\nObservation 0: o0\nAction 0:")
    }

    @Test func `as much of the past is shown as londid conf says`() {
        #expect(
            prompt(shown: 1, seen: ["o0", "o1", "o2", "o3"])
                == "Goal of the agent: g\nObservation 0: o2\nAction 0: a2\nObservation 1: o3\nAction 1:")
        #expect(
            prompt(shown: 0, seen: ["o0", "o1", "o2", "o3"]) == "Goal of the agent: g\nObservation 0: o3\nAction 0:")
    }

    @Test func `fewer observations than actions leave the actions alone`() {
        #expect(
            prompt(observations: 1, seen: ["o0", "o1", "o2"])
                == "Goal of the agent: g\nAction 0: a0\nAction 1: a1\nObservation 2: o2\nAction 2:")
    }

    /// A small model that does the same in the same state would do so for ever.
    @Test func `what was seen before is marked, however long ago`() {
        #expect(prompt(shown: 0, seen: ["o", "o"]).contains("\nObservation 0, seen once before: o\n"))
        #expect(prompt(shown: 0, seen: ["o", "o", "p", "o"]).contains("\nObservation 0, seen twice before: o\n"))
        #expect(
            prompt(shown: 1, seen: ["o", "o", "o", "o"]).hasSuffix("Observation 1, seen 3 times before: o\nAction 1:"))
        #expect(!prompt(seen: ["o", "p", "q"]).contains("seen"))
    }

    /// The pair of Tests/Pair was trained on this text (its prompt.py): another one would make both models guess.
    @Test func `the trained pair is shown what it was trained on`() {
        let actions = ["turn left", "turn right", "go forward", "pick up", "drop", "toggle"]
        #expect(
            prompt(actions: actions, shown: 4, observations: 1, seen: ["o", "p", "q", "r", "s", "p"])
                == """
                Possible actions of the agent: turn left, turn right, go forward, pick up, drop, toggle
                Goal of the agent: g
                Action 0: a1
                Action 1: a2
                Action 2: a3
                Action 3: a4
                Observation 4, seen once before: p
                Action 4:
                """)
    }
}
