package import Domain

extension Store {
    /// Prunes what a rule lets go among the next jobs of its queue, in one transaction: the rows of the job, its
    /// episodes, steps and outcomes go, a `pruned_job` takes their place, and a batch goes with its last job. Never
    /// touched: the ledger, the days' counters, policies and administrative events.
    /// - Parameters:
    ///   - after: where the step before ended; nil begins with the oldest job.
    ///   - limit: the most jobs to look at, >= 1. Every writer waits for the step's end.
    package func prune(
        _ rule: PruningRule, after: PruningPlace? = nil, limit: Int, now: Timestamp
    ) throws(StorageError) -> PruningStep {
        precondition(rule.keptEpisodes >= 0 && limit >= 1, "a rule keeps 0 episodes or more, a step looks at a job")
        // A look first: most steps of a queue that is up to date have nothing to write.
        let page = try PruningPage.load(rule, after: after, limit: limit, database)
        if !page.jobs.isEmpty {
            // Jobs and episodes name each other, and checking an episode's end would search all jobs: the tables of this
            // list are complete, and `audit verify` checks the keys.
            try database.execute("PRAGMA foreign_keys = OFF")
            do throws(StorageError) {
                try transaction { () throws(StorageError) in
                    try remove(page, now: now)
                }
            } catch {
                try database.execute("PRAGMA foreign_keys = ON")
                throw error
            }
            try database.execute("PRAGMA foreign_keys = ON")
        }
        return PruningStep(jobCount: page.jobs.count, next: page.next, firstYoung: page.firstYoung)
    }

    /// Records that somebody has a queue pruned now.
    /// - Throws: `.noSuchQueue`.
    package func notePruning(
        of queue: QueueName, before: Timestamp, by user: User, now: Timestamp
    ) throws(StorageError) {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(queue) != nil else { throw .noSuchQueue(queue) }
            try recordEvent(
                "queue.prune", subject: queue.text, detail: "before-ms=\(before.milliseconds)", by: user, now: now)
        }
    }

    /// Whether the writing connection enforces foreign keys: always, between two calls.
    package func enforcesForeignKeys() throws(StorageError) -> Bool {
        try database.first("PRAGMA foreign_keys") { (row: Row) throws(StorageError) in try row.flag("foreign_keys") }
            == true
    }

    /// All statements of a step.
    package static let pruningSQL = [PruningPage.sql, tombstoneSQL] + deletions + [batchDeletion]

    private static let tombstoneSQL = """
        INSERT INTO pruned_job (
            job, queue, batch, submitter_uid, submitter_name, state, ended_at_ms, pruned_at_ms, entry_count,
            quick_calls, quick_tokens, quick_gpu_ms, deepthink_calls, deepthink_tokens, deepthink_gpu_ms)
        SELECT job.id, job.queue, job.batch, job.submitter_uid, job.submitter_name, job.state, job.ended_at_ms, ?2,
            count(entry.seq), \(PrunedSums.columns)
        FROM job LEFT JOIN episode ON episode.job = job.id LEFT JOIN step ON step.episode = episode.id
            LEFT JOIN ledger_entry AS entry ON entry.step = step.id
        WHERE job.id IN (SELECT value FROM json_each(?1)) GROUP BY job.id
        """

    /// Each of the jobs in a JSON list. Children before their parents, so that each finds its own by an index.
    private static let deletions: [String] = {
        let episodes = "(SELECT id FROM episode WHERE job IN (SELECT value FROM json_each(?)))"
        return [
            "transition WHERE outcome IN (SELECT seq FROM outcome WHERE episode IN \(episodes))",
            "outcome WHERE episode IN \(episodes)",
            "reservation WHERE step IN (SELECT id FROM step WHERE episode IN \(episodes))",
            "step WHERE episode IN \(episodes)",
            "answer WHERE episode IN \(episodes)",
            "episode WHERE job IN (SELECT value FROM json_each(?))",
            "dependency WHERE job IN (SELECT value FROM json_each(?))",
            "dependency WHERE needs IN (SELECT value FROM json_each(?))",
            "budget_refusal WHERE job IN (SELECT value FROM json_each(?))",
            "payload WHERE job IN (SELECT value FROM json_each(?))",
            "job WHERE id IN (SELECT value FROM json_each(?))",
        ].map { "DELETE FROM \($0)" }
    }()

    private static let batchDeletion = """
        DELETE FROM batch WHERE id IN (SELECT value FROM json_each(?))
            AND NOT EXISTS (SELECT 1 FROM job WHERE job.batch = batch.id)
        """

    private func remove(_ page: PruningPage, now: Timestamp) throws(StorageError) {
        let jobs = jsonList(page.jobs)
        try database.run(Store.tombstoneSQL, jobs, now.milliseconds)
        for deletion in Store.deletions { try database.run(deletion, jobs) }
        try database.run(Store.batchDeletion, jsonList(page.batches.sorted()))
    }
}

/// What `json_each` takes apart, so that a statement is one for lists of every length.
func jsonList(_ numbers: [Int64]) -> String { "[\(numbers.map(String.init).joined(separator: ","))]" }

/// The sums of a job's ledger entries, as a `pruned_job` keeps them.
enum PrunedSums {
    /// Over the rows of `ledger_entry` under the name `entry`.
    static let columns = Role.allCases.map { role in
        """
        coalesce(sum(entry.calls) FILTER (WHERE entry.role = '\(role.rawValue)'), 0) AS \(role.rawValue)_calls,
        coalesce(sum(entry.prompt_tokens + entry.generated_tokens) FILTER (WHERE entry.role = '\(role.rawValue)'), 0)
            AS \(role.rawValue)_tokens,
        coalesce(sum(entry.gpu_ms) FILTER (WHERE entry.role = '\(role.rawValue)'), 0) AS \(role.rawValue)_gpu_ms
        """
    }.joined(separator: ",\n")
}
