package import Domain

/// What a runner knows before a step.
package struct StepStart: Hashable, Sendable {
    /// What an episode has in place of a pair's identity where its steps were decided for several.
    package static let mixedPairKey = "several"

    package var claim: Claim
    /// From 0: the number of steps written so far.
    package var index: Int
    /// The day by the clock in the queue's time zone. Where the queue has seen a later one, that is used.
    package var day: DayKey
    /// The most that DEEPTHINK could use for this step.
    package var worstCase: Spend
    /// What QUICK has drafted for it; nil where the step is decided without.
    package var draft: StepDraft?
    /// Which model each role is, as the ledger names it.
    package var quickModel: String
    package var deepthinkModel: String
    /// The identity of the pair and the encoder.
    package var pairKey: String
    package var now: Timestamp

    package init(
        claim: Claim, index: Int, day: DayKey, worstCase: Spend, draft: StepDraft? = nil, quickModel: String,
        deepthinkModel: String, pairKey: String, now: Timestamp
    ) {
        self.claim = claim
        self.index = index
        self.day = day
        self.worstCase = worstCase
        self.draft = draft
        self.quickModel = quickModel
        self.deepthinkModel = deepthinkModel
        self.pairKey = pairKey
        self.now = now
    }
}

/// A step as QUICK has drafted it, before it is decided who writes it.
package struct StepDraft: Hashable, Sendable {
    package var generated: Generated
    package var startedAt: Timestamp

    package init(generated: Generated, startedAt: Timestamp) {
        self.generated = generated
        self.startedAt = startedAt
    }
}

/// What came of beginning a step. Where nothing of the step is recorded, its draft is, as dropped. The `BudgetDay` is the one the choice was made on.
package enum BegunStep: Hashable, Sendable {
    /// To be ended by `finishStep` or `abandonStep`; where its draft was kept, it has ended already.
    case begun(StepID, Decision, BudgetDay)
    /// The step is not recorded: the runner releases the job.
    case hold(BudgetUnit, BudgetDay)
    /// The step is not recorded: the runner releases the job for a moment.
    case wait(BudgetUnit)
    /// The step is not recorded: the runner settles the job.
    case fail(BudgetUnit, BudgetDay)
    /// The job was cancelled, or another claim owns it: the runner stops.
    case superseded
}

/// What is known of the use of a step that was cut off.
package enum AbandonedUse: Hashable, Sendable {
    /// The request never reached a server: nothing was used.
    case none
    /// As measured until the cut.
    case measured(Generated)
    /// The request ran for nobody knows how long: a DEEPTHINK step is charged at its worst case.
    case unknown
}

/// What came of ending a step.
package enum StepSettlement: Hashable, Sendable {
    case settled
    /// The step had ended before, or was another claim's: nothing changed.
    case stale
}
