package import Domain

extension Store {
    /// Judges a completed job, or corrects an earlier judgement: what is learnt from its episode is replaced.
    /// - Throws: `.noSuchJob`, `.jobNotCompleted`, `.rewardOutOfRange`.
    package func recordFeedback(
        _ job: JobID, reward: Double, by user: User, now: Timestamp
    ) throws(StorageError) {
        guard Outcome.rewards.contains(reward) else { throw .rewardOutOfRange(job) }
        try transaction { () throws(StorageError) in
            guard let found = try stateOfJob(job) else { throw .noSuchJob(job) }
            guard found.state == .completed, let episode = found.episode else {
                throw .jobNotCompleted(job, state: found.state)
            }
            try recordOutcome(reward, source: .feedback, by: user, of: job, episode, now: now)
        }
    }

    /// Appends an outcome and the episode's transitions under it. Only within a transaction, after the episode's end.
    func recordOutcome(
        _ reward: Double, source: RewardSource, by user: User?, of job: JobID, _ episode: EpisodeID, now: Timestamp
    ) throws(StorageError) {
        precondition(reward.isFinite, "a reward is a finite number")
        let outcome = try database.first(
            """
            INSERT INTO outcome (queue, job, episode, reward, source, at_ms, uid)
            SELECT queue, id, ?, ?, ?, ?, ? FROM job WHERE id = ? RETURNING seq
            """, episode.number, reward, source.rawValue, now.milliseconds, user?.uid, job.number
        ) { (row: Row) throws(StorageError) in try row.integer("seq") }
        guard let outcome else { preconditionFailure("job \(job) exists") }
        try database.run("UPDATE job SET reward = ? WHERE id = ?", reward, job.number)
        // Each step keeps an environment's own reward; the last one gets what is missing to the outcome's, which for a
        // reasoning job is all of it.
        try database.run(
            """
            INSERT INTO transition (outcome, step, reward, is_terminal, is_truncated)
            SELECT ?1, step.id,
                iif(idx = max(idx) OVER (), ?2 - sum(coalesce(step.reward, 0)) OVER () + coalesce(step.reward, 0),
                    coalesce(step.reward, 0)),
                idx = max(idx) OVER () AND episode.end_reason NOT IN ('step-limit', 'context-limit'),
                idx = max(idx) OVER () AND episode.end_reason IN ('step-limit', 'context-limit')
            FROM step JOIN episode ON episode.id = step.episode WHERE step.episode = ?3 AND step.state = 'written'
            """, outcome, reward, episode.number)
    }
}
