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
    /// The share of recent steps whose two values are too close to call, 0 to 1.
    package var undecidedShare: Double?
    /// The most influential ones, first first.
    package var features: [FeatureWeight]

    package init(
        queue: QueueName, settings: SwitcherSettings, version: Int64, pair: ModelPair, encoder: String,
        episodeCount:
            Int, meanReward: Double? = nil, steps: [StepCount], masks: [MaskCount], explorationCount: Int,
        undecidedShare:
            Double? = nil, features: [FeatureWeight]
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
        self.undecidedShare = undecidedShare
        self.features = features
    }
}

/// One published version of a policy.
package struct PolicyVersionView: Hashable, Codable, Sendable {
    package var version: Int64
    package var createdAt: Timestamp
    package var episodeCount: Int
    package var isCurrent: Bool

    package init(version: Int64, createdAt: Timestamp, episodeCount: Int, isCurrent: Bool) {
        self.version = version
        self.createdAt = createdAt
        self.episodeCount = episodeCount
        self.isCurrent = isCurrent
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

/// The published versions of a queue's policy, newest first.
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
