import Domain
import Storage
import Switching

/// A version that was learnt and tried, and is to be kept.
struct Candidate: Sendable {
    let policy: Policy
    let verdict: PolicyVerdict
    let estimates: [PolicyContestant: PolicyEstimate]

    /// Learns a policy and tries it against the one in force. Takes seconds of computing time where the history is long.
    /// - Parameter incumbent: nil where there is none that fits: then, and while there are few episodes, there is no trial.
    /// - Returns: nil where there is nothing to learn from.
    init?(
        _ fit: PolicyFit, _ history: TrainingEpisodes, incumbent: Policy?, isIncumbentLearnt: Bool
    ) throws(SwitchingError) {
        guard let policy = try fit.policy(from: history) else { return nil }
        self.policy = policy
        guard let incumbent, policy.episodeCount >= PolicyTrial.fewestEpisodes else {
            verdict = .cold
            estimates = [:]
            return
        }
        let trial = try fit.trial(on: history, against: incumbent, isIncumbentLearnt: isIncumbentLearnt)
        verdict = trial?.verdict ?? .refused
        estimates = trial?.estimates ?? [:]
    }
}
