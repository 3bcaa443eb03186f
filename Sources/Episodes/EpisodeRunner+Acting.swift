import Domain
import Environments

extension EpisodeRunner {
    /// Runs a job whose models act in an environment: each step is an action, and what it comes to is recorded before the
    /// next one. An episode that was begun before goes on where it stood, in a process that did the recorded actions again.
    func act(
        in request: EnvironmentRequest, _ assignment: Assignment, recorder: any EpisodeRecorder, bound: TimeBound?
    ) async throws -> EpisodeResult {
        do {
            let process = try await bound.cuttingOff { [environments] () async throws(EnvironmentError) in
                try await environments.borrow(request.name)
            }
            defer { environments.giveBack(process) }
            return try await act(in: process, request, assignment, recorder, bound)
        } catch let error as EnvironmentError {
            return error == .cancelled ? .cancelled : .environmentFailed(error)
        }
    }

    private func act(
        in process: EnvironmentProcess, _ request: EnvironmentRequest, _ assignment: Assignment,
        _ recorder: any EpisodeRecorder, _ bound: TimeBound?
    ) async throws -> EpisodeResult {
        var progress = EpisodeProgress(assignment)
        var episode = try await resumed(in: process, request, assignment, recorder, bound)
        progress.observe(nil, in: episode)
        while true {
            // A crash may have come between an action and its observation.
            if let last = progress.steps.last, last.observation == nil {
                let (next, observation) = try await times.measure(.environment) { () async throws(EnvironmentError) in
                    try await acted(last, in: episode, bound)
                }
                episode = next
                try await times.measure(.books) { try await recorder.observe(observation, ofStepAt: last.index) }
                progress.observe(observation, in: episode)
            }
            if progress.isComplete { return .ended(progress.outcome) }
            let stopped = try await writeSteps(after: &progress, assignment, recorder, bound, in: episode)
            if let stopped { return stopped }
        }
    }

    /// The episode where its recorded steps left it.
    private func resumed(
        in process: EnvironmentProcess, _ request: EnvironmentRequest, _ assignment: Assignment,
        _ recorder: any EpisodeRecorder, _ bound: TimeBound?
    ) async throws -> EnvironmentEpisode {
        let seed = request.seed ?? assignment.job.number
        let recorded = assignment.written.compactMap { step in
            step.observation.map { (action: ActionChoice.action(in: step.generated.text), observation: $0) }
        }
        let episode = try await times.measure(.environment) { () async throws(EnvironmentError) in
            try await bound.cuttingOff { () async throws(EnvironmentError) in
                var episode = try await EnvironmentEpisode(in: process, seed: seed, options: request.options)
                if let opening = assignment.opening { try episode.check(opening) }
                try await episode.replay(recorded)
                return episode
            }
        }
        if assignment.opening == nil { try await times.measure(.books) { try await recorder.open(episode.opening) } }
        return episode
    }

    private func acted(
        _ step: WrittenStep, in episode: EnvironmentEpisode, _ bound: TimeBound?
    ) async throws(EnvironmentError) -> (EnvironmentEpisode, Observation) {
        try await bound.cuttingOff { () async throws(EnvironmentError) in
            var next = episode
            let observation = try await next.act(ActionChoice.action(in: step.generated.text))
            return (next, observation)
        }
    }
}
