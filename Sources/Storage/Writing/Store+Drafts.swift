internal import Domain

/// QUICK's drafts. While one is being written nothing of it is recorded: a crash loses it, and as QUICK is in no budget
/// nothing has to be charged for it. From then on its use is in the books, whether it becomes the step or not.
extension Store {
    /// Books a draft that was cut off before its step was decided.
    /// - Precondition: there is a draft (traps).
    package func dropDraft(_ start: StepStart) throws(StorageError) {
        precondition(start.draft != nil, "a draft that is dropped was begun")
        try transaction { () throws(StorageError) in try bookDroppedDraft(of: start) }
    }

    /// Books the draft of a step that is not recorded, where it has one. Also for a job that was cancelled meanwhile, as its
    /// use is no less real; not for one that was pruned since, which has nothing left to book to.
    func bookDroppedDraft(of start: StepStart) throws(StorageError) {
        guard let draft = start.draft else { return }
        let queue = try database.first(
            "SELECT job.queue FROM episode JOIN job ON job.id = episode.job WHERE episode.id = ?",
            start.claim.episode.number
        ) { (row: Row) throws(StorageError) in try row.text("queue") }
        guard let queue else { return }
        let budget = try observe(queue, clockDay: start.day)
        try bookUnused(draft, of: start, .dropped, Decision(role: .quick), budget: budget)
    }

    /// Records a draft that does not become the step.
    /// - Parameter decision: what is known of the choice that made it so. Its odds are the step's, not the draft's.
    func bookUnused(
        _ draft: StepDraft, of start: StepStart, _ fate: DraftFate, _ decision: Decision, budget: BudgetDay
    ) throws(StorageError) {
        let own = Decision(role: .quick, seed: decision.seed, policyVersion: decision.policyVersion)
        let step = try insert(start, own, features: [], budget: budget, draft: fate)
        try book(draft, as: step, isComplete: false, now: start.now)
    }

    /// Ends a draft's step with what it took.
    func book(_ draft: StepDraft, as step: StepID, isComplete: Bool, now: Timestamp) throws(StorageError) {
        guard let running = try RunningStep.load(step, database) else {
            preconditionFailure("step \(step) was begun in this transaction")
        }
        try running.settle(draft.generated, isComplete: isComplete, database, now: now)
    }
}
