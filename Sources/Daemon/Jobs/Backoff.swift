import Domain

/// When a job that failed for a passing reason is tried again: after 1, 4, 16, ... seconds, at most five minutes, each
/// stretched or shortened by up to a quarter, so that jobs which failed together do not come back together.
enum Backoff {
    static let firstMilliseconds: Int64 = 1_000
    static let factor: Int64 = 4
    static let longestMilliseconds: Int64 = 300_000
    /// The largest share of the wait that the jitter adds or takes away, as its reciprocal.
    static let jitterDivisor: Int64 = 4

    /// The wait after an attempt: the same for the same job and attempt, so that a schedule can be replayed.
    /// - Parameter failedAttempts: how many failed before this one, >= 0.
    static func milliseconds(job: JobID, attempt: Int64, failedAttempts: Int) -> Int64 {
        var wait = firstMilliseconds
        var failed = failedAttempts
        while failed > 0, wait < longestMilliseconds {
            wait *= factor
            failed -= 1
        }
        wait = min(wait, longestMilliseconds)
        let spread = wait / jitterDivisor
        let draw = mixed(UInt64(bitPattern: job.number) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(bitPattern: attempt))
        return wait - spread + Int64(draw % UInt64(2 * spread + 1))
    }

    /// - Source: Steele, Lea and Flood 2014, SplitMix64's finalizer.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = number &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
