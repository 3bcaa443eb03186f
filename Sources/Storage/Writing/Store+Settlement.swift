package import Domain

extension Store {
    /// Ends a job: its state, episode, answer, outcome and transitions in one transaction. Returns false, and changes
    /// nothing, where the claim is no longer valid: the job was cancelled, or another claim owns it.
    /// - Precondition: the episode's last step has ended; a reward is a finite number (both trap).
    package func settleJob(_ claim: Claim, _ jobEnd: JobEnd, now: Timestamp) throws(StorageError) -> Bool {
        try transaction { () throws(StorageError) in try settle(claim, jobEnd, now: now) }
    }

    /// Ends a job as `settleJob` does, or changes nothing of it where the claim is no longer valid, and takes the next
    /// one as `claim` does, in the same transaction: one sync where a worker that goes on would wait for two.
    /// - Precondition: as `settleJob`.
    package func settleJobAndClaim(
        _ claim: Claim, _ jobEnd: JobEnd, now: Timestamp
    ) throws(StorageError) -> ClaimedJob? {
        let claimed = try transaction { () throws(StorageError) in
            _ = try settle(claim, jobEnd, now: now)
            return try nextInTurn(now: now)
        }
        if let claimed { serve(claimed) }
        return claimed
    }

    private func settle(_ claim: Claim, _ jobEnd: JobEnd, now: Timestamp) throws(StorageError) -> Bool {
        guard try isCurrent(claim) else { return false }
        switch jobEnd {
        case .completed(let outcome, let source):
            try end(claim.job, state: .completed, failure: nil, now: now)
            try end(claim.episode, reason: outcome.end.rawValue, now: now)
            try keep(outcome, source: source, of: claim, now: now)
        case .failed(let failure, let outcome):
            try end(claim.job, state: .failed, failure: failure, now: now)
            try end(claim.episode, reason: outcome?.end.rawValue ?? "failed", now: now)
            if let outcome { try keep(outcome, source: .verifier, of: claim, now: now) }
        case .timeout(let failure):
            try end(claim.job, state: .timeout, failure: failure, now: now)
            try end(claim.episode, reason: "timeout", now: now)
        }
        return true
    }

    /// Gives a job back unfinished, to be claimed again now or later.
    /// - Precondition: the episode's last step has ended (traps).
    package func releaseJob(_ claim: Claim, _ release: Release, now: Timestamp) throws(StorageError) -> ReleaseResult {
        try transaction { () throws(StorageError) in
            guard try isCurrent(claim) else { return .stale }
            if let failure = release.failure, try countFailure(failure, of: claim.job) {
                try end(claim.job, state: .failed, failure: failure, now: now)
                try end(claim.episode, reason: "failed", now: now)
                return .failed
            }
            let (state, reason, wakeAt) = try waiting(release.parking, of: claim.job, now: now)
            try database.run(
                "UPDATE job SET state = ?, pending_reason = ?, wake_at_ms = ?, epoch = NULL WHERE id = ?",
                state.rawValue, reason.rawValue, wakeAt?.milliseconds, claim.job.number)
            return .released
        }
    }

    /// Ends an episode; one that ended before stays as it was.
    func end(_ episode: EpisodeID, reason: String, now: Timestamp) throws(StorageError) {
        try database.run(
            "UPDATE episode SET ended_at_ms = ?, end_reason = ? WHERE id = ? AND ended_at_ms IS NULL",
            now.milliseconds, reason, episode.number)
    }

    /// nil where there is no such job; a staged one does not exist yet.
    func stateOfJob(_ job: JobID) throws(StorageError) -> (state: JobState, queue: QueueName, episode: EpisodeID?)? {
        try database.first("SELECT state, queue, episode FROM job WHERE id = ? AND state <> 'staged'", job.number) {
            (row: Row) throws(StorageError) in
            (
                state: try row.word("state"), queue: try row.queueName(),
                episode: try row.optionalInteger("episode").map(EpisodeID.init)
            )
        }
    }

    /// - Precondition: no step of a current claim runs (traps).
    private func isCurrent(_ claim: Claim) throws(StorageError) -> Bool {
        let isRunning = try database.first(
            """
            SELECT EXISTS (SELECT 1 FROM step WHERE episode = job.episode AND state = 'running') AS runs FROM job
            WHERE id = ? AND state = 'running' AND attempt = ? AND epoch = ? AND episode = ?
            """, claim.job.number, claim.attempt, claim.epoch.number, claim.episode.number
        ) { (row: Row) throws(StorageError) in try row.flag("runs") }
        guard let isRunning else { return false }
        precondition(!isRunning, "job \(claim.job) was given back while a step of it runs: finish or abandon it first")
        return true
    }

    /// Ends a job, and lets the jobs that waited for it go on or end with it; returns those that ended.
    @discardableResult
    func end(
        _ job: JobID, state: JobState, failure: JobFailure?, now: Timestamp
    ) throws(StorageError) -> [JobID] {
        try endAlone(job, state: state, failure: failure, now: now)
        return try lookAtDependents(of: [job], now: now)
    }

    /// Ends a job without a look at those that wait for it.
    func endAlone(
        _ job: JobID, state: JobState, failure: JobFailure?, now: Timestamp
    ) throws(StorageError) {
        try database.run(
            """
            UPDATE job SET state = ?, pending_reason = NULL, wake_at_ms = NULL, epoch = NULL, ended_at_ms = ?,
                error_code = ?, error_message = ?
            WHERE id = ?
            """, state.rawValue, now.milliseconds, failure?.code, failure?.message, job.number)
        guard let refusal = failure?.refusal else { return }
        try database.run(
            """
            INSERT INTO budget_refusal (job, unit, day_limit, spent, reserved, resets_at_ms) VALUES (?, ?, ?, ?, ?, ?)
            """, job.number, refusal.scope.rawValue, refusal.limit, refusal.spent, refusal.reserved,
            refusal.resetsAt.milliseconds)
    }

    private func keep(
        _ outcome: Outcome, source: RewardSource, of claim: Claim, now: Timestamp
    ) throws(StorageError) {
        try database.run(
            "INSERT INTO answer (episode, text, end_reason, is_success) VALUES (?, ?, ?, ?)", claim.episode.number,
            outcome.answer, outcome.end.rawValue, outcome.success)
        guard let reward = outcome.reward else { return }
        try recordOutcome(reward, source: source, by: nil, of: claim.job, claim.episode, now: now)
    }

    /// True where that was the last attempt.
    private func countFailure(_ failure: JobFailure, of job: JobID) throws(StorageError) -> Bool {
        try database.run(
            """
            UPDATE job SET failed_attempts = failed_attempts + 1, error_code = ?, error_message = ? WHERE id = ?
            """, failure.code, failure.message, job.number)
        return try database.count(
            """
            SELECT failed_attempts >= coalesce(job.max_attempts, queue.max_attempts) AS n
            FROM job JOIN queue ON queue.name = job.queue WHERE id = ?
            """, job.number) == 1
    }

    private func waiting(
        _ parking: Release.Parking, of job: JobID, now: Timestamp
    ) throws(StorageError) -> (state: JobState, reason: PendingReason, wakeAt: Timestamp?) {
        switch parking {
        case .budgetReserved(let instant):
            // Where the last one was closed since, nothing would wake the job.
            guard let queue = try stateOfJob(job)?.queue, try database.hasOpenReservation(queue.text) else {
                return (.pending, .priority, nil)
            }
            return (.pending, .budgetExhausted, instant)
        case .none: return (.pending, .priority, nil)
        case .until(let instant): return instant > now ? (.pending, .notBefore, instant) : (.pending, .priority, nil)
        case .modelUnavailable(let instant): return (.pending, .modelUnavailable, instant)
        case .budgetExhausted(let instant): return (.held, .budgetExhausted, instant)
        }
    }
}
