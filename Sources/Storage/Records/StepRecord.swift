package import Domain

/// One attempt at a step, as `explain` shows it.
package struct StepRecord: Hashable, Sendable {
    package enum State: String, Sendable, CaseIterable {
        case running
        case written
        /// Cut off: a later attempt writes it anew.
        case abandoned
    }

    package let id: StepID
    package let episodeNumber: Int
    package let index: Int
    package let state: State
    /// What came of it where it was a draft.
    package let draft: DraftFate?
    package let attempt: Int64
    package let epoch: Epoch
    package let decision: Decision
    package let features: [Float]
    package let model: String
    package let day: DayKey
    /// What was left of the day's budget when it began, 0 to 1.
    package let budgetShare: Double
    package let startedAt: Timestamp
    package let endedAt: Timestamp?
    /// nil while it runs, and where it was cut off before anything was measured.
    package let generated: Generated?
    /// DEEPTHINK wrote what QUICK had drafted; nil where there was no draft.
    package let confirmsDraft: Bool?
    /// As its ledger entry says; zero where it has none. A step charged at its bound has its charge here.
    package let spend: Spend
    /// What was set aside for it; nil for QUICK.
    package let reserved: Spend?
    /// Its part of the episode's latest outcome, which is what is learnt; before there is one an environment's.
    package let reward: Double?
    /// What an environment answered to it.
    package let observation: Observation?
}
