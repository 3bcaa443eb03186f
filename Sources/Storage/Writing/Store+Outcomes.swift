package import Domain

extension Store {
    /// So many of an episode's newest feedbacks are kept, beside those that a kept version was learnt from.
    package static let keptFeedbacks = 8

    /// Judges a completed job, or corrects an earlier judgement: what is learnt from its episode is replaced. Who says the
    /// same again says nothing new, and of many corrections the old ones go: what a machine said stays, and so does
    /// whatever a kept version of the policy was learnt from, so that it can be learnt again.
    /// - Throws: `.noSuchJob`, `.jobNotCompleted`, `.rewardOutOfRange`, `.rewardOutsideQueue`.
    package func recordFeedback(
        _ job: JobID, reward: Double, by user: User, now: Timestamp
    ) throws(StorageError) {
        guard Outcome.rewards.contains(reward) else { throw .rewardOutOfRange(job) }
        try transaction { () throws(StorageError) in
            guard let found = try stateOfJob(job) else { throw .noSuchJob(job) }
            guard found.state == .completed, let episode = found.episode else {
                throw .jobNotCompleted(job, state: found.state)
            }
            if let rewards = try settingsOfQueue(found.queue)?.rewards, !rewards.contains(reward) {
                throw .rewardOutsideQueue(job, reward: reward, queue: found.queue, rewards: rewards)
            }
            guard try !isSaid(reward, by: user, of: episode) else { return }
            try recordOutcome(reward, source: .feedback, by: user, of: job, episode, now: now)
            try removeCorrected(of: episode, in: found.queue)
        }
    }

    /// The episode's latest outcome is this, by the same user.
    private func isSaid(_ reward: Double, by user: User, of episode: EpisodeID) throws(StorageError) -> Bool {
        let last = try database.first(
            "SELECT reward, uid FROM outcome WHERE episode = ? ORDER BY seq DESC LIMIT 1", episode.number
        ) { (row: Row) throws(StorageError) in
            (reward: try row.real("reward"), uid: try row.optionalInteger("uid"))
        }
        return last?.uid == Int64(user.uid) && last?.reward == reward
    }

    /// Removes feedbacks that newer ones correct and from which no kept version, and none that is being learnt, was learnt:
    /// the last one before the outcome through which it was.
    private func removeCorrected(of episode: EpisodeID, in queue: QueueName) throws(StorageError) {
        let corrected = try database.all(
            """
            SELECT seq, next FROM (
                SELECT seq, source, lead(seq) OVER (ORDER BY seq) AS next,
                    count(*) FILTER (WHERE source = 'feedback') OVER (ORDER BY seq DESC) AS place
                FROM outcome WHERE episode = ?1)
            WHERE source = 'feedback' AND place > ?2 AND NOT EXISTS (
                SELECT 1 FROM policy_snapshot
                WHERE queue = ?3 AND is_imported = 0 AND trained_through_outcome >= seq AND trained_through_outcome < next)
            """, episode.number, Store.keptFeedbacks, queue.text
        ) { (row: Row) throws(StorageError) in (seq: try row.integer("seq"), next: try row.integer("next")) }
        let learning = learningThrough[queue]
        for (outcome, next) in corrected {
            if let learning, learning >= outcome, learning < next { continue }
            try database.run("DELETE FROM transition WHERE outcome = ?", outcome)
            try database.run("DELETE FROM outcome WHERE seq = ?", outcome)
        }
    }

    /// Keeps what a new version of a queue's policy is going to be learnt from, until it is saved or the next one begins.
    /// - Returns: the outcome through which to learn it; 0 where there is none.
    package func beginLearning(_ queue: QueueName) throws(StorageError) -> Int64 {
        let through = try database.lastOutcome(of: queue)
        learningThrough[queue] = through
        return through
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
