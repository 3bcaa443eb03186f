/// What the Switcher chose at one step, and why: everything that is needed to choose the same again.
package struct Decision: Hashable, Codable, Sendable {
    package var role: Role
    /// Q(s, QUICK) and Q(s, DEEPTHINK) with cost and price taken off, in units of reward; nil where the Switcher has none.
    package var values: ActionValues?
    /// The probability with which `role` was chosen, 0 < p <= 1.
    package var propensity: Double
    /// Set where the budget left no choice; then `role` is QUICK and `propensity` 1.
    package var maskReason: MaskReason?
    /// The choice was drawn for exploration and differs from the greedy one.
    package var isExploration: Bool
    package var seed: UInt64
    /// The version of the policy that chose; 0 before the first one is published.
    package var policyVersion: Int64
    /// What pacing asked for a call on top of the cost, in units of reward; nil where the queue was not paced.
    package var price: Double?

    package init(
        role: Role, values: ActionValues? = nil, propensity: Double = 1, maskReason: MaskReason? = nil,
        isExploration: Bool = false, seed: UInt64 = 0, policyVersion: Int64 = 0, price: Double? = nil
    ) {
        self.role = role
        self.values = values
        self.propensity = propensity
        self.maskReason = maskReason
        self.isExploration = isExploration
        self.seed = seed
        self.policyVersion = policyVersion
        self.price = price
    }
}

/// One value per action, in units of reward.
package struct ActionValues: Hashable, Codable, Sendable {
    package var quick: Double
    package var deepthink: Double

    package init(quick: Double, deepthink: Double) {
        self.quick = quick
        self.deepthink = deepthink
    }
}

/// Why a model stopped writing a step.
package enum StopReason: String, Codable, Sendable, CaseIterable {
    /// A paragraph break.
    case paragraph
    /// The step's token limit or the context's end.
    case length
    /// The model's end of turn: the answer is complete.
    case endOfTurn = "end-of-turn"
    /// The step's time limit.
    case timeLimit = "time-limit"
    /// Cut off: the job was cancelled, the daemon stopped or the server went away.
    case interrupted
}

/// What a model wrote in one step and what that took, as the server reports it.
package struct Generated: Hashable, Codable, Sendable {
    package var text: String
    package var stopReason: StopReason
    /// Prompt tokens evaluated.
    package var promptTokens: Int64
    /// Prompt tokens reused from the server's cache.
    package var cachedTokens: Int64
    package var generatedTokens: Int64
    /// Prompt evaluation plus generation.
    package var gpuMilliseconds: Int64
    /// The natural logarithm of each written token's probability: minimum, first quartile, median, mean; <= 0.
    /// nil where the server gave none.
    package var logProbabilities: LogProbabilities?

    package init(
        text: String, stopReason: StopReason, promptTokens: Int64 = 0, cachedTokens: Int64 = 0,
        generatedTokens: Int64 = 0, gpuMilliseconds: Int64 = 0, logProbabilities: LogProbabilities? = nil
    ) {
        self.text = text
        self.stopReason = stopReason
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.generatedTokens = generatedTokens
        self.gpuMilliseconds = gpuMilliseconds
        self.logProbabilities = logProbabilities
    }

    package var spend: Spend {
        Spend(calls: 1, tokens: promptTokens.saturatingAdd(generatedTokens), gpuMilliseconds: gpuMilliseconds)
    }

    /// The same with every count between 0 and `Spend.mostOfStep`: what a server says is not believed without limit.
    package var withinMostOfStep: Generated {
        var credible = self
        credible.promptTokens = Spend.ofStep(promptTokens)
        credible.cachedTokens = Spend.ofStep(cachedTokens)
        credible.generatedTokens = Spend.ofStep(generatedTokens)
        credible.gpuMilliseconds = Spend.ofStep(gpuMilliseconds)
        return credible
    }
}

/// How sure a model was of the tokens it wrote in a step. Natural logarithms, <= 0.
package struct LogProbabilities: Hashable, Codable, Sendable {
    package var minimum: Double
    package var lowerQuartile: Double
    package var median: Double
    package var mean: Double

    package init(minimum: Double, lowerQuartile: Double, median: Double, mean: Double) {
        self.minimum = minimum
        self.lowerQuartile = lowerQuartile
        self.median = median
        self.mean = mean
    }

    /// nil for no tokens.
    package init?(of tokens: [Double]) {
        guard !tokens.isEmpty else { return nil }
        let sorted = tokens.sorted()
        self.init(
            minimum: sorted[0], lowerQuartile: sorted[(sorted.count - 1) / 4], median: sorted[(sorted.count - 1) / 2],
            mean: tokens.reduce(0, +) / Double(tokens.count))
    }
}

/// What came of QUICK's draft of a step.
package enum DraftFate: String, Codable, Sendable, CaseIterable {
    /// It is the step.
    case kept
    /// DEEPTHINK was chosen to write the step instead.
    case replaced
    /// It was cut off, or the budget let the step not be decided: a later attempt drafts anew.
    case dropped
}

/// One step as a running episode carries it on: who wrote it, what, and what came of it.
package struct WrittenStep: Hashable, Codable, Sendable {
    package var index: Int
    package var role: Role
    package var generated: Generated
    /// What the environment answered; nil for a job without one, and where it was not asked yet.
    package var observation: Observation?

    package init(index: Int, role: Role, generated: Generated, observation: Observation? = nil) {
        self.index = index
        self.role = role
        self.generated = generated
        self.observation = observation
    }
}
