package import Domain

/// The identities of the two models that a policy was learnt with.
package struct ModelPair: Hashable, Codable, Sendable {
    package var quick: String
    package var deepthink: String

    package init(quick: String, deepthink: String) {
        self.quick = quick
        self.deepthink = deepthink
    }
}

/// How often each model wrote the step with one index.
package struct StepCount: Hashable, Codable, Sendable {
    package var index: Int
    package var quick: Int
    package var deepthink: Int

    package init(index: Int, quick: Int, deepthink: Int) {
        self.index = index
        self.quick = quick
        self.deepthink = deepthink
    }
}

/// How often a budget left no choice, by the unit that was spent.
package struct MaskCount: Hashable, Codable, Sendable {
    /// calls, tokens, gpu-time or job-calls.
    package var reason: MaskReason
    package var count: Int

    package init(reason: MaskReason, count: Int) {
        self.reason = reason
        self.count = count
    }
}

/// What one unit of a feature adds to the value of DEEPTHINK over that of QUICK, in units of reward.
package struct FeatureWeight: Hashable, Codable, Sendable {
    package var name: String
    package var difference: Double

    package init(name: String, difference: Double) {
        self.name = name
        self.difference = difference
    }
}

/// How often a policy calls DEEPTHINK where a feature lies between two values, both included.
package struct ActivationBucket: Hashable, Codable, Sendable {
    package var least: Double
    package var greatest: Double
    package var steps: Int
    package var activated: Int

    package init(least: Double, greatest: Double, steps: Int, activated: Int) {
        self.least = least
        self.greatest = greatest
        self.steps = steps
        self.activated = activated
    }
}

/// How often a policy calls DEEPTHINK in recent states, by where a feature lies.
package struct FeatureActivation: Hashable, Codable, Sendable {
    package var name: String
    /// Ascending.
    package var buckets: [ActivationBucket]

    package init(name: String, buckets: [ActivationBucket]) {
        self.name = name
        self.buckets = buckets
    }
}

/// What a queue's policy is and does.
package struct PolicyView: Hashable, Codable, Sendable {
    package var queue: QueueName
    package var settings: SwitcherSettings
    /// 0 before the first one is published.
    package var version: Int64
    package var pair: ModelPair
    package var encoder: String
    /// Closed episodes it was learnt from.
    package var episodeCount: Int
    package var meanReward: Double?
    package var steps: [StepCount]
    package var masks: [MaskCount]
    package var explorationCount: Int
    /// Calls of DEEPTHINK that followed a draft of QUICK's, and those of them that wrote just what it said: for nothing.
    package var draftedCallCount: Int
    package var confirmedDraftCount: Int
    /// The share of recent steps whose two values are too close to call, 0 to 1.
    package var undecidedShare: Double?
    /// The most influential ones, first first.
    package var features: [FeatureWeight]
    /// How the policy came to do what it does: its newest event; null before the first version.
    package var state: PolicyEvent?
    /// The share of recent states in which it prefers DEEPTHINK, 0 to 1, and what both models are worth there on the mean,
    /// the price of calls taken off.
    package var activationShare: Double?
    package var meanValues: ActionValues?
    /// Of recent states, by the most influential features.
    package var activations: [FeatureActivation]

    package init(
        queue: QueueName, settings: SwitcherSettings, version: Int64, pair: ModelPair, encoder: String,
        episodeCount:
            Int, meanReward: Double? = nil, steps: [StepCount], masks: [MaskCount], explorationCount: Int,
        draftedCallCount: Int = 0, confirmedDraftCount: Int = 0,
        undecidedShare:
            Double? = nil, features: [FeatureWeight], state: PolicyEvent? = nil, activationShare: Double? = nil,
        meanValues: ActionValues? = nil, activations: [FeatureActivation] = []
    ) {
        self.queue = queue
        self.settings = settings
        self.version = version
        self.pair = pair
        self.encoder = encoder
        self.episodeCount = episodeCount
        self.meanReward = meanReward
        self.steps = steps
        self.masks = masks
        self.explorationCount = explorationCount
        self.draftedCallCount = draftedCallCount
        self.confirmedDraftCount = confirmedDraftCount
        self.undecidedShare = undecidedShare
        self.features = features
        self.state = state
        self.activationShare = activationShare
        self.meanValues = meanValues
        self.activations = activations
    }
}

/// What a policy's version is worth with the exploration that the queue had, as its trial estimated it.
package struct TrialView: Hashable, Codable, Sendable {
    /// candidate, incumbent, always-quick or always-deepthink.
    package var contestant: PolicyContestant
    package var estimate: PolicyEstimate

    package init(contestant: PolicyContestant, estimate: PolicyEstimate) {
        self.contestant = contestant
        self.estimate = estimate
    }
}

/// One kept version of a policy.
package struct PolicyVersionView: Hashable, Codable, Sendable {
    package var version: Int64
    package var createdAt: Timestamp
    package var episodeCount: Int
    /// In force.
    package var isCurrent: Bool
    /// cold, passed, refused or forced; null in versions older than trials, each of which came in force.
    package var verdict: PolicyVerdict?
    /// The version that it was tried against.
    package var incumbent: Int64?
    /// It came from a file.
    package var isImported: Bool
    /// Of its weights, lower-case hexadecimal.
    package var sha256: String
    /// What its trial estimated, the candidate first; empty without one.
    package var trial: [TrialView]

    package init(
        version: Int64, createdAt: Timestamp, episodeCount: Int, isCurrent: Bool, verdict: PolicyVerdict? = nil,
        incumbent: Int64? = nil, isImported: Bool = false, sha256: String, trial: [TrialView] = []
    ) {
        self.version = version
        self.createdAt = createdAt
        self.episodeCount = episodeCount
        self.isCurrent = isCurrent
        self.verdict = verdict
        self.incumbent = incumbent
        self.isImported = isImported
        self.sha256 = sha256
        self.trial = trial
    }
}

/// A queue's policy.
package enum ShowPolicy: ControlMethod {
    package static let name = "io.londi.ShowPolicy"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName

        package init(queue: QueueName) {
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var policy: PolicyView

        package init(policy: PolicyView) {
            self.policy = policy
        }
    }
}

/// The kept versions of a queue's policy, newest first.
package enum ListPolicyVersions: ControlMethod {
    package static let name = "io.londi.ListPolicyVersions"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        package var limit: Int?

        package init(queue: QueueName, limit: Int? = nil) {
            self.queue = queue
            self.limit = limit
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var versions: [PolicyVersionView]

        package init(versions: [PolicyVersionView]) {
            self.versions = versions
        }
    }
}
