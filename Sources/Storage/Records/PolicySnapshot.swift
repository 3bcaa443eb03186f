package import Domain

/// A policy to be kept as a queue's next version.
package struct NewPolicySnapshot: Hashable, Sendable {
    package var queue: QueueName
    /// The number that its weights carry; nil: whatever is next.
    package var version: Int64?
    /// The identity of the pair and the encoder that it was trained on.
    package var pairKey: String
    /// The algorithm, as `SwitcherKind`'s raw value.
    package var kind: String
    package var encoder: String
    package var weights: [UInt8]
    /// The last outcome that it has seen: with `trainingEpisodes(throughOutcome:)` it can be trained again.
    package var trainedThroughOutcome: Int64
    package var episodeCount: Int
    /// What else determined the weights; nil where nobody will learn them again.
    package var origin: PolicyOrigin?
    package var verdict: PolicyVerdict
    /// The version in force when it was made: with another one in force by now it is kept and not put in force.
    package var incumbent: Int64?
    /// What its trial estimated; empty where there was none.
    package var trial: [PolicyContestant: PolicyEstimate]
    /// With which the trial's contestants chose, 0...1; nil where there was no trial.
    package var explorationRate: Double?
    package var isImported: Bool

    package init(
        queue: QueueName, version: Int64? = nil, pairKey: String, kind: String, encoder: String, weights: [UInt8],
        trainedThroughOutcome: Int64, episodeCount: Int, origin: PolicyOrigin? = nil, verdict: PolicyVerdict,
        incumbent: Int64? = nil, trial: [PolicyContestant: PolicyEstimate] = [:], explorationRate: Double? = nil,
        isImported: Bool = false
    ) {
        self.queue = queue
        self.version = version
        self.pairKey = pairKey
        self.kind = kind
        self.encoder = encoder
        self.weights = weights
        self.trainedThroughOutcome = trainedThroughOutcome
        self.episodeCount = episodeCount
        self.origin = origin
        self.verdict = verdict
        self.incumbent = incumbent
        self.trial = trial
        self.explorationRate = explorationRate
        self.isImported = isImported
    }
}

/// What came of keeping a version.
package struct KeptPolicy: Hashable, Sendable {
    package let version: Int64
    /// The event by which it came in force; nil where it did not.
    package let event: PolicyEvent?
}

/// What determined a policy's weights besides the outcomes up to the one it names.
package struct PolicyOrigin: Hashable, Sendable {
    /// The price of a DEEPTHINK call at that time, in units of reward.
    package var cost: Double
    /// The oldest outcome that was looked at.
    package var firstOutcome: Int64
    /// Episodes that were learnt from, those of other pairs and encoders included.
    package var trainedEpisodes: Int
    /// How much an episode of another pair or encoder counted, 0...1; nil in versions older than this number.
    package var priorWeight: Double?
    /// The most episodes of one user's jobs where that left some out; nil where it did not, and in older versions.
    package var userEpisodes: Int?

    package init(
        cost: Double, firstOutcome: Int64, trainedEpisodes: Int, priorWeight: Double? = nil, userEpisodes: Int? = nil
    ) {
        self.cost = cost
        self.firstOutcome = firstOutcome
        self.trainedEpisodes = trainedEpisodes
        self.priorWeight = priorWeight
        self.userEpisodes = userEpisodes
    }
}

/// A kept version of a policy, with its weights where they were asked for.
package struct PolicySnapshot: Hashable, Sendable {
    package let queue: QueueName
    /// From 1 in each queue.
    package let version: Int64
    package let pairKey: String
    package let kind: String
    package let encoder: String
    /// Of the weights, lower-case hexadecimal.
    package let sha256: String
    /// nil in a list of versions.
    package let weights: [UInt8]?
    package let trainedThroughOutcome: Int64
    package let episodeCount: Int
    package let createdAt: Timestamp
    /// nil in versions older than its columns, and in imported ones.
    package let origin: PolicyOrigin?
    /// nil in versions older than verdicts: each of them was put in force.
    package let verdict: PolicyVerdict?
    package let incumbent: Int64?
    package let isImported: Bool
    /// What its trial estimated; empty where there was none.
    package let trial: [PolicyContestant: PolicyEstimate]
    /// With which the trial's contestants chose, 0...1; nil where there was no trial or they did not explore yet.
    package let explorationRate: Double?
}

/// A version whose weights are gone.
package struct PrunedPolicy: Hashable, Sendable {
    package let version: Int64
    package let prunedAt: Timestamp
}
