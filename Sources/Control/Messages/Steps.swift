package import Domain

/// A decision of the Switcher as the wire says it.
package struct DecisionView: Hashable, Codable, Sendable {
    /// quick or deepthink.
    package var role: Role
    package var values: ActionValues?
    /// The probability with which `role` was chosen.
    package var propensity: Double
    /// calls, tokens or gpu-time of the day, or job-calls: a budget left no choice.
    package var maskReason: MaskReason?
    package var isExploration: Bool
    /// The unsigned 64-bit number in decimal digits: many readers of JSON keep only 53 bits of a number.
    package var seed: String
    package var policyVersion: Int64
    /// What pacing asked for a call on top of the cost, in units of reward; nil where the queue was not paced.
    package var price: Double?

    package init(_ decision: Decision) {
        role = decision.role
        values = decision.values
        propensity = decision.propensity
        maskReason = decision.maskReason
        isExploration = decision.isExploration
        seed = String(decision.seed)
        policyVersion = decision.policyVersion
        price = decision.price
    }
}

/// Where a step is in its life.
package enum StepState: String, Codable, Sendable, CaseIterable {
    /// Its reservation is open.
    case running
    /// Recorded and settled.
    case written
    /// Cut off; what it used is settled, its text is not part of the answer.
    case abandoned
}

/// One step of an episode: who wrote it, why, what, and what it took.
package struct StepView: Hashable, Codable, Sendable {
    /// From 0.
    package var index: Int
    /// quick or deepthink.
    package var role: Role
    /// running, written or abandoned.
    package var state: StepState
    /// kept, replaced or dropped: what came of it where QUICK drafted it before it was decided.
    package var draft: DraftFate?
    /// DEEPTHINK wrote just what QUICK had drafted, in an environment the same action; nil where there was no draft.
    package var confirmsDraft: Bool?
    package var decision: DecisionView
    package var generated: Generated?
    /// What was reserved for it: the worst case.
    package var reserved: Spend?
    package var reward: Double?
    /// What an environment answered to it.
    package var observation: Observation?
    /// The budget day that pays.
    package var day: DayKey
    package var attempt: Int
    package var epoch: Int64
    package var startedAt: Timestamp
    package var endedAt: Timestamp?

    package init(
        index: Int, role: Role, state: StepState, draft: DraftFate? = nil, confirmsDraft: Bool? = nil,
        decision: DecisionView, generated: Generated? = nil,
        reserved: Spend? = nil, reward: Double? = nil, observation: Observation? = nil, day: DayKey, attempt: Int,
        epoch: Int64, startedAt: Timestamp, endedAt: Timestamp? = nil
    ) {
        self.index = index
        self.role = role
        self.state = state
        self.draft = draft
        self.confirmsDraft = confirmsDraft
        self.decision = decision
        self.generated = generated
        self.reserved = reserved
        self.reward = reward
        self.observation = observation
        self.day = day
        self.attempt = attempt
        self.epoch = epoch
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}
