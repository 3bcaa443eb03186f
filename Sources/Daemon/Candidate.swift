import Domain
import Storage
import Switching

/// A version that was learnt and tried, and is to be kept.
struct Candidate: Sendable {
    let policy: Policy
    let verdict: PolicyVerdict
    /// nil where there was none.
    let trial: PolicyTrial?

    /// Learns a policy and tries it against the one in force. Takes seconds of computing time where the history is long.
    /// - Parameters:
    ///   - incumbent: nil where there is none that fits: then, and while there are few episodes, there is no
    ///     trial.
    ///   - explorationRate: the queue's, 0...1.
    /// - Returns: nil where there is nothing to learn from.
    init?(
        _ fit: PolicyFit, _ history: TrainingEpisodes, incumbent: Policy?, isIncumbentLearnt: Bool,
        explorationRate: Double
    ) throws(SwitchingError) {
        guard let policy = try fit.policy(from: history) else { return nil }
        self.policy = policy
        guard let incumbent, policy.episodeCount >= PolicyTrial.fewestEpisodes else {
            verdict = .cold
            trial = nil
            return
        }
        trial = try fit.trial(
            on: history, against: incumbent, isIncumbentLearnt: isIncumbentLearnt, explorationRate: explorationRate)
        verdict = trial?.verdict ?? .refused
    }
}
