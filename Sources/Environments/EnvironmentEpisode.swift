package import Domain

/// One episode in an environment's process, from its reset to its end.
package struct EnvironmentEpisode: Sendable {
    package let process: EnvironmentProcess
    package let opening: Opening
    /// The admissible actions now; nil where they cannot be listed, or are too many to be shown.
    package private(set) var actions: [String]?
    /// Accepted so far.
    private var actionCount = 0
    private var rewardSum = 0.0

    /// Begins an episode in a process that is lent to it.
    package init(
        in process: EnvironmentProcess, seed: Int64, options: [String: String]
    ) async throws(EnvironmentError) {
        self.process = process
        let answer = try await process.reset(seed: seed, options: options, listsActions: Self.listsActions(process))
        opening = Opening(goal: answer.info.goal, observation: answer.observation, maxSteps: answer.info.maxSteps)
        actions = Self.shown(answer.info.actions, process)
    }

    /// Does an action; one that is not known comes to its message and no reward.
    package mutating func act(_ action: String) async throws(EnvironmentError) -> Observation {
        switch try await process.step(action, number: actionCount + 1, listsActions: Self.listsActions(process)) {
        case .error(let error): return Observation(text: error.message)
        case .value(let answer):
            actionCount += 1
            rewardSum += answer.reward
            guard Outcome.rewards.contains(rewardSum) else {
                throw await process.fault(
                    .garbled(method: "step", reason: "the rewards add up to \(rewardSum), beyond \(Outcome.rewards)"))
            }
            if process.capabilities.admissible == .perState { actions = Self.shown(answer.info.actions, process) }
            return answer.observed
        }
    }

    /// What the program's oracle would do now; nil where it knows nothing, or is not asked in this environment.
    package func advised() async throws(EnvironmentError) -> String? {
        guard process.configuration.usesOracle, process.capabilities.oracle else { return nil }
        return try await process.oracle()
    }

    /// Compares the beginning with the recorded one.
    package func check(_ recorded: Opening) throws(EnvironmentError) {
        guard opening == recorded else {
            throw .diverged(
                name: process.configuration.name, step: 0, recorded: "\(recorded.goal): \(recorded.observation)",
                found: "\(opening.goal): \(opening.observation)")
        }
    }

    /// Does the recorded actions again, up to where the episode stood.
    /// - Parameter recorded: each action with what was seen then.
    package mutating func replay(
        _ recorded: [(action: String, observation: Observation)]
    ) async throws(EnvironmentError) {
        for (index, step) in recorded.enumerated() {
            let found = try await act(step.action)
            guard found == step.observation else {
                throw .diverged(
                    name: process.configuration.name, step: index + 1, recorded: step.observation.text,
                    found: found.text)
            }
        }
    }

    /// Listing is costly, so only where the list can change.
    private static func listsActions(_ process: EnvironmentProcess) -> Bool {
        process.capabilities.admissible == .perState && process.configuration.mostActions > 0
    }

    private static func shown(_ actions: [String]?, _ process: EnvironmentProcess) -> [String]? {
        guard let actions, !actions.isEmpty, actions.count <= process.configuration.mostActions else { return nil }
        return actions
    }
}
