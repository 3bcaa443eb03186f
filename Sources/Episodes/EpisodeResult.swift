package import Domain
package import Environments
package import Generation

/// How one run of an episode ended.
package enum EpisodeResult: Sendable {
    /// The step loop ended and the answer was judged, or nobody judges it.
    case ended(Outcome)
    /// The answer could not be judged; the answer is kept.
    case unjudged(Outcome, VerificationError)
    /// The budget is spent and the queue's jobs wait for the next day.
    case held(BudgetUnit, BudgetDay)
    /// Running steps have reserved what is left of the budget: the job goes on in a moment.
    case waits(BudgetUnit)
    /// The budget is spent and the queue's jobs fail.
    case refused(BudgetUnit, BudgetDay)
    /// A model could not write or read. `GenerationError.isPassing` tells whether the job may go on later.
    case interrupted(EngineRole, GenerationError)
    /// The environment could not go on. `EnvironmentError.isPassing` tells whether another attempt may help.
    case environmentFailed(EnvironmentError)
    /// Its time was over; the step that ran was cut off.
    case timedOut
    /// The job was cancelled, or the daemon stops.
    case cancelled
}
