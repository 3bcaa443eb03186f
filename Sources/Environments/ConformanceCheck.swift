import Domain
import Processes

/// Looks whether an environment's program keeps to the protocol, rule by rule, on processes of its own.
package struct ConformanceCheck: Sendable {
    /// One rule, and whether it is kept.
    package struct Finding: Hashable, Sendable {
        package let rule: String
        package let passed: Bool
        /// What the program did.
        package let detail: String
    }

    /// What no environment has.
    private static let strangeAction = "an action that nobody has"
    private static let seed: Int64 = 1

    private var configuration: EnvironmentConfiguration

    package init(_ configuration: EnvironmentConfiguration) {
        self.configuration = configuration
        // It draws from them all.
        self.configuration.mostActions = .max
    }

    /// Tells each finding as it comes. Where the program breaks down, that is the last one.
    package func run(_ tell: (Finding) async throws -> Void) async throws {
        do {
            let process = try await EnvironmentProcess.start(configuration)
            let capabilities = process.capabilities
            try await tell(
                Finding(
                    rule: "introduces itself", passed: true,
                    detail: "\(process.server); \(capabilities.deterministic ? "" : "not ")deterministic, actions "
                        + "\(capabilities.admissible.rawValue), \(capabilities.oracle ? "an" : "no") oracle, rewards from "
                        + "\(capabilities.reward.min) to \(capabilities.reward.max)"))
            try await tell(try await refuses("a step before a reset", process, RemoteError.noEpisode))
            try await tell(try await refuses("an unknown method", process, RemoteError.unknownMethod, method: "fly"))
            try await process.ping()
            let tasks = try await process.tasks()
            try await tell(Finding(rule: "lists its tasks", passed: !tasks.isEmpty, detail: "\(tasks.count) tasks"))
            guard let task = tasks.first else { return }
            try await check(task, process, tell)
            let exit = await process.close()
            try await tell(
                Finding(
                    rule: "ends when its input does", passed: exit.isSuccess, detail: "it ended with \(exit)"))
        } catch let error as EnvironmentError {
            try await tell(Finding(rule: "keeps running", passed: false, detail: error.description))
        }
    }

    private func check(
        _ task: EnvironmentTask, _ process: EnvironmentProcess, _ tell: (Finding) async throws -> Void
    ) async throws {
        var episode = try await EnvironmentEpisode(in: process, seed: Self.seed, options: task.options)
        try await tell(
            Finding(
                rule: "begins an episode with a goal", passed: !episode.opening.goal.isEmpty,
                detail: "\(task.id): \(episode.opening.goal)"))
        try await tell(try await refuses("a step out of order", process, RemoteError.outOfOrder, step: 7))
        if process.capabilities.admissible != .none {
            try await tell(try await refuses("an unknown action", process, RemoteError.unknownAction))
        }
        let (played, median) = try await play(&episode, process)
        let end = played.last?.observation.end
        try await tell(
            Finding(
                rule: "ends within its own limit", passed: end != nil,
                detail: "\(played.count) actions of \(episode.opening.maxSteps), \(end?.rawValue ?? "going on"); "
                    + "the median action took \(median) ms"))
        if end != nil { try await tell(try await refuses("a step after the end", process, RemoteError.noEpisode)) }
        if process.capabilities.deterministic { try await tell(try await repeats(played, episode.opening, task)) }
        if process.capabilities.oracle { try await tell(try await advises(task, process)) }
    }

    /// Draws admissible actions, or gives a strange one where none are listed, until the episode ends.
    private func play(
        _ episode: inout EnvironmentEpisode, _ process: EnvironmentProcess
    ) async throws(EnvironmentError) -> ([(action: String, observation: Observation)], medianMilliseconds: Double) {
        let clock = ContinuousClock()
        var played: [(action: String, observation: Observation)] = []
        var times: [Duration] = []
        var draw: UInt64 = 1
        while played.count < episode.opening.maxSteps, played.last?.observation.end == nil {
            draw = draw &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let actions = episode.actions ?? [Self.strangeAction]
            let action = actions[Int(draw >> 33) % actions.count]
            let began = clock.now
            played.append((action, try await episode.act(action)))
            times.append(clock.now - began)
        }
        let median = times.sorted()[times.count / 2] / .microseconds(1)
        return (played, (median / 10).rounded() / 100)
    }

    /// The same seed and actions in another process.
    private func repeats(
        _ played: [(action: String, observation: Observation)], _ opening: Opening, _ task: EnvironmentTask
    ) async throws(EnvironmentError) -> Finding {
        let rule = "repeats itself in another process"
        let other = try await EnvironmentProcess.start(configuration)
        do throws(EnvironmentError) {
            var episode = try await EnvironmentEpisode(in: other, seed: Self.seed, options: task.options)
            try episode.check(opening)
            try await episode.replay(played)
        } catch {
            guard case .diverged = error else { throw error }
            await other.close()
            return Finding(rule: rule, passed: false, detail: error.description)
        }
        await other.close()
        return Finding(rule: rule, passed: true, detail: "\(played.count) equal answers")
    }

    /// An episode by the oracle's advice.
    private func advises(
        _ task: EnvironmentTask, _ process: EnvironmentProcess
    ) async throws(EnvironmentError) -> Finding {
        var episode = try await EnvironmentEpisode(in: process, seed: Self.seed, options: task.options)
        var sum = 0.0
        var count = 0
        var last: Observation?
        while last?.end == nil, count < episode.opening.maxSteps, let action = try await process.oracle() {
            let observation = try await episode.act(action)
            sum += observation.reward
            count += 1
            last = observation
        }
        return Finding(
            rule: "follows its oracle", passed: count > 0,
            detail: "\(count) actions, return \(sum), \(last?.success == true ? "success" : "no success")")
    }

    /// Whether a request comes to the protocol's error.
    private func refuses(
        _ what: String, _ process: EnvironmentProcess, _ code: Int, method: String = "step", step: Int64 = 1
    ) async throws(EnvironmentError) -> Finding {
        let result: RemoteResult<NoAnswer> = try await process.answer(
            to: method, ["action": .string(Self.strangeAction), "step": .integer(step)])
        let found =
            switch result {
            case .value: "it did it"
            case .error(let error): "\(error.code): \(error.message)"
            }
        if case .error(let error) = result, error.code == code {
            return Finding(rule: "refuses \(what)", passed: true, detail: found)
        }
        return Finding(rule: "refuses \(what)", passed: false, detail: "\(found); expected the error \(code)")
    }
}
