/// Why an episode's step loop ended.
package enum EpisodeEnd: String, Codable, Sendable, CaseIterable {
    /// The model ended its turn; in an environment: that ended the episode by itself.
    case answered
    /// A step limit, the environment's own included: a truncation, the answer may be incomplete.
    case stepLimit = "step-limit"
    /// A model's context is full: a truncation too.
    case contextLimit = "context-limit"
}

/// Where a reward came from.
package enum RewardSource: String, Codable, Sendable, CaseIterable {
    case verifier
    case environment
    case feedback
}

/// How one job's episode ended: the answer and what it was worth.
package struct Outcome: Hashable, Codable, Sendable {
    package var answer: String
    package var end: EpisodeEnd
    /// nil: nobody judged the answer (yet); nothing is learnt from it, which is not the same as reward 0.
    package var reward: Double?
    /// Whether an environment's goal was reached; nil for a job that acts in none.
    package var success: Bool?

    /// What a reward may be. One typing mistake must not outweigh everything that was learnt.
    package static let rewards: ClosedRange<Double> = -1000...1000

    package init(answer: String, end: EpisodeEnd, reward: Double?, success: Bool? = nil) {
        self.answer = answer
        self.end = end
        self.reward = reward
        self.success = success
    }
}
