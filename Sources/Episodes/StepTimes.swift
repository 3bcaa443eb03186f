import Synchronization

/// What a step waits for.
package enum StepWait: String, CaseIterable, Sendable {
    /// Templates and token counts, by both models' servers.
    case prompt
    case quick
    /// A model's writing, or the advice of an environment's oracle.
    case deepthink
    case encoder
    case environment
    /// Transactions that record the step, and the choice that is made within one.
    case books
}

/// Where the time of steps goes: by part, summed over all jobs since londid started. Waiting for a slot or for another's
/// transaction is counted where one waits.
package final class StepTimes: Sendable {
    private let sums = Mutex<[StepWait: Duration]>([:])

    package init() {}

    package func time(of part: StepWait) -> Duration { sums.withLock { $0[part] ?? .zero } }

    /// Does `work` and counts how long that took, failed or not.
    func measure<Value: Sendable, Failure: Error>(
        _ part: StepWait, isolation: isolated (any Actor)? = #isolation,
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let began = ContinuousClock.now
        defer {
            let time = ContinuousClock.now - began
            sums.withLock { $0[part, default: .zero] += time }
        }
        return try await work()
    }
}
