/// How a queue chooses between QUICK and DEEPTHINK.
package enum SwitcherKind: String, Codable, Sendable, CaseIterable {
    /// Two action values, refitted on closed episodes: the default.
    case fittedQ = "fitted-q"
    /// The same on features that a small network learns.
    case fittedQMLP = "fitted-q-mlp"
    /// Discrete soft actor-critic: the paper's family.
    case sac
    /// Counts of what happened in each state, solved exactly: only for encoders with few distinct states.
    case certaintyEquivalence = "certainty-equivalence"
    /// Looks no further than the step it decides: a baseline.
    case bandit
    case alwaysQuick = "always-quick"
    case alwaysDeepthink = "always-deepthink"
    /// DEEPTHINK with a fixed probability.
    case random
    /// DEEPTHINK where QUICK's last step was less certain than a threshold.
    case threshold
    /// SwiftSage's hand-written rules.
    case swiftSage = "swiftsage"

    /// Its choices come from closed episodes.
    package var learns: Bool {
        switch self {
        case .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit: true
        case .alwaysQuick, .alwaysDeepthink, .random, .threshold, .swiftSage: false
        }
    }
}

/// The Switcher's settings of one queue.
package struct SwitcherSettings: Hashable, Codable, Sendable {
    package var kind: SwitcherKind
    /// c: the reward that one DEEPTHINK step must be worth, >= 0, in units of reward.
    package var cost: Double
    /// `random`: the probability of DEEPTHINK, 0 to 1. `threshold`: the mean log-probability per token of QUICK's last
    /// step below which DEEPTHINK writes the next one, <= 0. Unused by the others.
    package var parameter: Double
    /// The probability with which the step's choice is drawn evenly instead of greedily, 0 to 1.
    package var explorationRate: Double
    /// The largest share of a day's DEEPTHINK calls that exploration may use, 0 to 1.
    package var explorationShare: Double

    package init(
        kind: SwitcherKind = .fittedQ, cost: Double = 0.05, parameter: Double = 0.5, explorationRate: Double = 0.1,
        explorationShare: Double = 0.05
    ) {
        self.kind = kind
        self.cost = cost
        self.parameter = parameter
        self.explorationRate = explorationRate
        self.explorationShare = explorationShare
    }
}

/// What the Switcher sees before it decides who writes a step.
package enum Observe: String, Codable, Sendable, CaseIterable {
    /// The state alone, as in the paper.
    case state
    /// QUICK's draft of the step too: it becomes the step, or DEEPTHINK writes the step instead.
    case draft
}

/// What an administrator decides about a queue.
package struct QueueSettings: Hashable, Codable, Sendable {
    package var limits: BudgetLimits
    /// An IANA zone name; its midnight begins the budget's day.
    package var timeZone: String
    package var onBudget: OnBudget
    /// The most DEEPTHINK calls of one episode of a job, >= 0; nil is no limit. A job may ask for fewer.
    package var deepthinkCallsPerJob: Int?
    package var observe: Observe
    package var pacing: Pacing
    package var switcher: SwitcherSettings
    /// The most steps of one job, >= 1; a job may ask for fewer.
    package var maxSteps: Int
    /// The most tokens of one step, >= 1.
    package var stepTokens: Int
    /// The most attempts of one job, >= 1: a step that a model could not write for a passing reason is tried again.
    package var maxAttempts: Int
    package var isPaused: Bool
    /// It takes no new jobs; those it has run to their end.
    package var isDraining: Bool
    /// The most jobs that run at once, >= 1; nil is no limit.
    package var maxRunning: Int?
    /// How many turns it gets for each turn of a queue whose share is 1, 1 to 100.
    package var share: Int
    /// For how many days of 24 hours ended jobs are kept, >= 1; nil is for ever.
    package var retentionDays: Int?
    /// The share of a day's budget, 0 to 1, whose use is worth a warning; 0 is never.
    package var warnAt: Double
    /// The least and the most that feedback may say of a job, -1000 to 1000. Verifiers and environments, which londid.conf
    /// names, are not bound by them.
    package var leastReward: Double
    package var mostReward: Double

    package init(
        limits: BudgetLimits = BudgetLimits(), timeZone: String = "UTC", onBudget: OnBudget = .quick,
        deepthinkCallsPerJob: Int? = nil, observe: Observe = .state, pacing: Pacing = .auto,
        switcher: SwitcherSettings = SwitcherSettings(), maxSteps: Int = 12, stepTokens: Int = 192,
        maxAttempts: Int = 3, isPaused: Bool = false, isDraining: Bool = false, maxRunning: Int? = nil, share: Int = 1,
        retentionDays: Int? = nil, warnAt: Double = 0.8, leastReward: Double = 0, mostReward: Double = 1
    ) {
        self.limits = limits
        self.timeZone = timeZone
        self.onBudget = onBudget
        self.deepthinkCallsPerJob = deepthinkCallsPerJob
        self.observe = observe
        self.pacing = pacing
        self.switcher = switcher
        self.maxSteps = maxSteps
        self.stepTokens = stepTokens
        self.maxAttempts = maxAttempts
        self.isPaused = isPaused
        self.isDraining = isDraining
        self.maxRunning = maxRunning
        self.share = share
        self.retentionDays = retentionDays
        self.warnAt = warnAt
        self.leastReward = leastReward
        self.mostReward = mostReward
    }

    /// What feedback may say of a job.
    package var rewards: ClosedRange<Double> { leastReward...max(leastReward, mostReward) }
}

extension QueueSettings {
    /// As the members are written. A file or a client of earlier versions knows no range of rewards: it means the default.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            limits: try members.decode(BudgetLimits.self, forKey: .limits),
            timeZone: try members.decode(String.self, forKey: .timeZone),
            onBudget: try members.decode(OnBudget.self, forKey: .onBudget),
            deepthinkCallsPerJob: try members.decodeIfPresent(Int.self, forKey: .deepthinkCallsPerJob),
            observe: try members.decode(Observe.self, forKey: .observe),
            pacing: try members.decode(Pacing.self, forKey: .pacing),
            switcher: try members.decode(SwitcherSettings.self, forKey: .switcher),
            maxSteps: try members.decode(Int.self, forKey: .maxSteps),
            stepTokens: try members.decode(Int.self, forKey: .stepTokens),
            maxAttempts: try members.decode(Int.self, forKey: .maxAttempts),
            isPaused: try members.decode(Bool.self, forKey: .isPaused),
            isDraining: try members.decode(Bool.self, forKey: .isDraining),
            maxRunning: try members.decodeIfPresent(Int.self, forKey: .maxRunning),
            share: try members.decode(Int.self, forKey: .share),
            retentionDays: try members.decodeIfPresent(Int.self, forKey: .retentionDays),
            warnAt: try members.decode(Double.self, forKey: .warnAt),
            leastReward: try members.decodeIfPresent(Double.self, forKey: .leastReward) ?? 0,
            mostReward: try members.decodeIfPresent(Double.self, forKey: .mostReward) ?? 1)
    }
}
