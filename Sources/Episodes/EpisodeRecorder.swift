package import Domain
package import Generation

/// Where an episode reports each step before and after it happens. `Daemon` writes it to the database; tests keep it.
///
/// A call that throws ends the episode at once: a step that cannot be recorded must not be taken.
package protocol EpisodeRecorder: Sendable {
    /// Lets `choose` decide the step on the day's budget and reserves what the choice may cost, in one transaction.
    /// - Parameter worstCase: what DEEPTHINK may take for this step at most.
    /// - Parameter choose: called once, with the day's budget and, where DEEPTHINK does not fit into it, why.
    func begin(
        stepAt index: Int, worstCase: Spend, choose: @escaping @Sendable (BudgetDay, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning

    /// Records what the model wrote and settles what it took.
    func finish(stepAt index: Int, role: Role, generated: Generated) async throws

    /// Gives up a step that was begun; the error tells what is known of its use so far.
    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws
}

/// What came of the wish to take a step.
package enum StepBeginning: Sendable {
    case write(Decision)
    case hold(MaskReason, BudgetDay)
    case wait(MaskReason)
    case fail(MaskReason, BudgetDay)
    /// The job is no longer this episode's: it was cancelled.
    case superseded
}
