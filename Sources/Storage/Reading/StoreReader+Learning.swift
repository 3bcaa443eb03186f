package import Domain

extension StoreReader {
    /// The newest judged episodes of a queue, each with its latest outcome.
    /// - Parameters:
    ///   - fromOutcome: episodes whose outcome is older are left out.
    ///   - throughOutcome: as if no later outcome existed; nil for all. The same number gives the same episodes as long as a
    ///     kept version was learnt through it (`Store.recordFeedback`).
    ///   - limit: the most episodes, >= 1.
    ///   - rule: whose episodes.
    package func trainingEpisodes(
        queue: QueueName, fromOutcome: Int64 = 0, throughOutcome: Int64? = nil, limit: Int,
        _ rule: UserShare.Rule = .any
    ) throws(StorageError) -> TrainingEpisodes {
        try database.snapshot { () throws(StorageError) in
            let last = try database.lastOutcome(of: queue)
            let through = throughOutcome ?? last
            let chosen = try database.outcomes(
                of: queue, in: min(fromOutcome, through)...through, limit: limit, rule)
            let newestFirst = try database.all(
                """
                SELECT outcome.seq, outcome.job, outcome.episode, outcome.reward, outcome.source, episode.pair_key,
                    coalesce(episode.end_reason IN ('step-limit', 'context-limit'), 0) AS is_truncated,
                    job.submitter_uid
                FROM outcome JOIN episode ON episode.id = outcome.episode JOIN job ON job.id = outcome.job
                WHERE outcome.seq IN (SELECT value FROM json_each(?)) ORDER BY outcome.seq DESC
                """, jsonList(chosen.sequences)
            ) { (row: Row) throws(StorageError) in try trainingRecord(row) }
            return TrainingEpisodes(
                episodes: newestFirst.reversed(), throughOutcome: through, userEpisodes: chosen.userEpisodes)
        }
    }

    /// The last outcome of a queue; 0 where there is none.
    package func lastOutcome(_ queue: QueueName) throws(StorageError) -> Int64 { try database.lastOutcome(of: queue) }

    /// How many episodes of a queue were judged after an outcome, each once: whether there is enough news to learn from,
    /// without loading it.
    package func outcomeCount(queue: QueueName, after outcome: Int64) throws(StorageError) -> Int {
        Int(
            try database.count(
                "SELECT count(DISTINCT episode) AS n FROM outcome WHERE queue = ? AND seq > ?", queue.text, outcome))
    }

    /// How many of these had not been judged before; the others were corrected.
    package func newOutcomeCount(queue: QueueName, after outcome: Int64) throws(StorageError) -> Int {
        Int(
            try database.count(
                """
                SELECT count(DISTINCT episode) AS n FROM outcome WHERE queue = ?1 AND seq > ?2 AND NOT EXISTS (
                    SELECT 1 FROM outcome AS earlier WHERE earlier.episode = outcome.episode AND earlier.seq <= ?2)
                """, queue.text, outcome))
    }

    /// How a queue's Switcher has chosen.
    package func policyStatistics(_ queue: QueueName) throws(StorageError) -> PolicyStatistics {
        try database.snapshot { () throws(StorageError) in
            let written = """
                FROM job JOIN episode ON episode.job = job.id JOIN step ON step.episode = episode.id
                WHERE job.queue = ? AND step.state = 'written'
                """
            let steps = try database.all(
                """
                SELECT idx, sum(role = 'quick') AS quick, sum(role = 'deepthink') AS deepthink \(written)
                GROUP BY idx ORDER BY idx
                """, queue.text
            ) { (row: Row) throws(StorageError) in
                PolicyStatistics.AtIndex(
                    index: try row.count("idx"), quickCount: try row.count("quick"),
                    deepthinkCount: try row.count("deepthink"))
            }
            var masked: [MaskReason: Int] = [:]
            try database.each(
                "SELECT mask_reason, count(*) AS n \(written) AND mask_reason IS NOT NULL GROUP BY mask_reason",
                [queue.text]
            ) { (row: Row) throws(StorageError) in
                let reason: MaskReason = try row.word("mask_reason")
                masked[reason] = try row.count("n")
                return true
            }
            let counts = try database.first(
                """
                SELECT count(*) FILTER (WHERE is_exploration = 1) AS explored, count(confirms_draft) AS drafted,
                    count(*) FILTER (WHERE confirms_draft = 1) AS confirmed \(written)
                """, queue.text
            ) { (row: Row) throws(StorageError) in
                (
                    explored: try row.count("explored"), drafted: try row.count("drafted"),
                    confirmed: try row.count("confirmed")
                )
            }
            let (judged, meanReward) = try rewards(queue)
            return PolicyStatistics(
                steps: steps, masked: masked, explorationCount: counts?.explored ?? 0,
                draftedCallCount: counts?.drafted ?? 0, confirmedDraftCount: counts?.confirmed ?? 0,
                judgedEpisodeCount: judged, meanReward: meanReward)
        }
    }

    private func rewards(_ queue: QueueName) throws(StorageError) -> (count: Int, mean: Double?) {
        let found = try database.first(
            """
            SELECT count(*) AS n, avg(reward) AS mean FROM outcome
            WHERE queue = ? AND NOT EXISTS (
                SELECT 1 FROM outcome AS later WHERE later.episode = outcome.episode AND later.seq > outcome.seq)
            """, queue.text
        ) { (row: Row) throws(StorageError) in (count: try row.count("n"), mean: try row.optionalReal("mean")) }
        return found ?? (0, nil)
    }

    private func trainingRecord(_ row: Row) throws(StorageError) -> TrainingRecord {
        let outcome = try row.integer("seq")
        let steps = try database.all(
            """
            SELECT idx, features, role, propensity, mask_reason, is_exploration, budget_share, policy_version,
                transition.reward AS transition_reward
            FROM transition JOIN step ON step.id = transition.step WHERE transition.outcome = ? ORDER BY idx
            """, outcome
        ) { (row: Row) throws(StorageError) in
            TrainingRecord.Step(
                index: try row.count("idx"), features: try row.floats("features"), role: try row.word("role"),
                propensity: try row.real("propensity"), maskReason: try row.optionalWord("mask_reason"),
                isExploration: try row.flag("is_exploration"), budgetShare: try row.real("budget_share"),
                policyVersion: try row.integer("policy_version"), reward: try row.real("transition_reward"))
        }
        return TrainingRecord(
            outcome: outcome, job: JobID(try row.integer("job")), episode: EpisodeID(try row.integer("episode")),
            submitter: try row.uid("submitter_uid"), pairKey: try row.optionalText("pair_key"),
            reward: try row.real("reward"), source: try row.word("source"),
            isTruncated: try row.flag("is_truncated"), steps: steps)
    }
}
