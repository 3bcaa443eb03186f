package import Domain
package import Generation

/// Where an episode reports each step before and after it happens. `Daemon` writes it to the database; tests keep it.
///
/// A call that throws ends the episode at once: a step that cannot be recorded must not be taken.
package protocol EpisodeRecorder: Sendable {
    /// Says that QUICK begins to draft a step that is not decided yet. Nothing is recorded.
    /// - Returns: false where no more steps are to be taken.
    func beginDraft(stepAt index: Int) async -> Bool

    /// Gives up a draft whose step was not decided.
    /// - Parameter used: what it came to, or a part of it that was cut off.
    func dropDraft(stepAt index: Int, used: Generated) async throws

    /// Lets `choose` decide the step on its budget and reserves what the choice may cost, in one transaction.
    /// - Parameters:
    ///   - worstCase: what DEEPTHINK may take for this step at most.
    ///   - draft: what QUICK has drafted, nil where it has not. It is recorded whatever is chosen; where QUICK is, the
    ///     draft is the step, which has ended with it.
    ///   - choose: called once, with the budget and, where DEEPTHINK does not fit into it, why.
    func begin(
        stepAt index: Int, worstCase: Spend, draft: Generated?,
        choose: @escaping @Sendable (StepBudget, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning

    /// Hears each addition to the draft or the step that is being written, as it comes, on the thread that reads it: it may
    /// not block. What `begin` and `finish` get decides.
    func hear(_ addition: String)

    /// Records what the model wrote and settles what it took.
    /// - Parameter confirmsDraft: DEEPTHINK wrote what QUICK had drafted; nil where there was no draft.
    func finish(stepAt index: Int, role: Role, generated: Generated, confirmsDraft: Bool?) async throws

    /// Records how the environment began the episode.
    func open(_ opening: Opening) async throws

    /// Records what the environment answered to a step that is written.
    func observe(_ observation: Observation, ofStepAt index: Int) async throws

    /// Gives up a step that was begun; the error tells what is known of its use so far.
    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws
}

extension EpisodeRecorder {
    /// Who only records what is complete does not listen.
    package func hear(_ addition: String) {}
}

/// What came of the wish to take a step.
package enum StepBeginning: Sendable {
    case write(Decision)
    case hold(BudgetUnit, BudgetDay)
    case wait(BudgetUnit)
    case fail(BudgetUnit, BudgetDay)
    /// The job is no longer this episode's: it was cancelled.
    case superseded
}
