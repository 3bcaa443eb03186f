import Domain
import Episodes
import Storage

/// When one attempt at a job must be over, and how its end is told: by its time limit, on a clock that never jumps, or by
/// its deadline, on the wall clock.
struct JobTime: Sendable {
    /// The wall clock may jump, so a wait for the deadline is cut into pieces of this length at most.
    private static let longestPieceMilliseconds: Int64 = 60_000

    private let deadline: Timestamp?
    private let limitMilliseconds: Int64?
    private let clock: WallClock
    private let startedAtNanoseconds: Int64

    /// - Precondition: called when the attempt begins.
    init(of claimed: ClaimedJob, clock: WallClock) {
        deadline = claimed.deadline
        limitMilliseconds = claimed.timeLimitMilliseconds
        self.clock = clock
        startedAtNanoseconds = WallClock.monotonicNanoseconds()
    }

    /// nil where the job may take any time.
    var bound: TimeBound? {
        guard deadline != nil || limitMilliseconds != nil else { return nil }
        return TimeBound(wait: { await wait() }, isOver: { remainingMilliseconds <= 0 })
    }

    /// Why the job timed out, once it has.
    var failure: JobFailure {
        if let deadline, clock.now() >= deadline { return .deadlinePassed }
        let seconds = Double(limitMilliseconds ?? 0) / 1000
        return JobFailure(code: JobFailure.timeLimit, message: "the attempt took longer than its limit of \(seconds) s")
    }

    private var remainingMilliseconds: Int64 {
        let untilDeadline = deadline.map { $0.milliseconds - clock.now().milliseconds } ?? .max
        let elapsed = (WallClock.monotonicNanoseconds() - startedAtNanoseconds) / 1_000_000
        let untilLimit = limitMilliseconds.map { $0 - elapsed } ?? .max
        return min(untilDeadline, untilLimit)
    }

    private func wait() async {
        while !Task.isCancelled {
            let remaining = remainingMilliseconds
            guard remaining > 0 else { return }
            do { try await Task.sleep(for: .milliseconds(min(remaining, Self.longestPieceMilliseconds))) } catch {
                // Nobody waits any longer.
            }
        }
    }
}
