package import Domain

extension Store {
    /// The first claimable job of a queue's first user. Literal states: only so does SQLite see that the partial index has it
    /// all.
    package static let nextClaimableSQL = nextClaimable("")
    /// The first claimable job of the first user after one.
    package static let nextClaimableAfterUserSQL = nextClaimable("AND submitter_uid > ?")

    private static func nextClaimable(_ condition: String) -> String {
        """
        SELECT id, attempt, episode, batch, custom_id, submitter_uid, submitter_name, deadline_ms, time_limit_ms,
            failed_attempts, max_attempts, \(StoredRequest.columns)
        FROM job LEFT JOIN payload ON payload.job = job.id
        WHERE queue = ? AND state = 'pending' AND pending_reason = 'Priority' \(condition)
        ORDER BY submitter_uid, priority DESC, id LIMIT 1
        """
    }

    /// The first job that waits for a reservation's end of the first user after one.
    package static let nextWaitingSQL = """
        SELECT id, submitter_uid FROM job
        WHERE queue = ? AND state = 'pending' AND pending_reason = 'BudgetExhausted' AND submitter_uid > ?
        ORDER BY submitter_uid, priority DESC, id LIMIT 1
        """

    /// The jobs of a queue that run.
    package static let runningCountSQL = "SELECT count(*) AS n FROM job WHERE queue = ? AND state = 'running'"

    /// Takes the next job to run, nil where none is claimable. The queues are served in turn by their shares, in each of them
    /// the users in turn, and of each user the jobs by priority and then by age; paused queues and those at their limit are
    /// passed over.
    package func claim(now: Timestamp) throws(StorageError) -> ClaimedJob? {
        let claimed = try transaction { () throws(StorageError) in try nextInTurn(now: now) }
        if let claimed { serve(claimed) }
        return claimed
    }

    /// Takes the next job within a transaction; once that is committed its queue has to be served.
    func nextInTurn(now: Timestamp) throws(StorageError) -> ClaimedJob? {
        let inTurn = try openQueues().sorted { turns.comesFirst($0.name, $1.name) }
        for (name, settings) in inTurn {
            if let job = try claim(in: name, settings, now: now) { return job }
        }
        return nil
    }

    /// Counts a claimed job as its queue's turn, and in the queue as its user's.
    func serve(_ claimed: ClaimedJob) {
        turns.serve(claimed.queue, share: claimed.settings.share)
        servedUsers[claimed.queue] = claimed.submitter.uid
    }

    /// The queues that are not paused, as they were last written: nobody else writes them.
    private func openQueues() throws(StorageError) -> [(name: QueueName, settings: QueueSettings)] {
        if let knownQueues { return knownQueues }
        let queues = try database.all("SELECT * FROM queue WHERE is_paused = 0") { (row: Row) throws(StorageError) in
            (name: try row.queueName("name"), settings: try row.queueSettings())
        }
        knownQueues = queues
        return queues
    }

    /// What `wakeDue` did.
    package struct Woken: Hashable, Sendable {
        /// Jobs that became claimable.
        package let wokenCount: Int
        /// Waiting jobs whose deadline has passed: they ended as `timeout`.
        package let expired: [JobID]
    }

    /// Makes parked jobs claimable whose time has come, and ends waiting ones whose deadline has passed. Where that are
    /// more than `mostJobsAtOnce`, `nextWake` goes on to be due and the next call takes the next of them.
    package func wakeDue(now: Timestamp) throws(StorageError) -> Woken {
        try transaction { () throws(StorageError) in
            let expired = try database.all(
                """
                UPDATE job SET state = 'timeout', pending_reason = NULL, wake_at_ms = NULL, ended_at_ms = ?1,
                    error_code = ?2, error_message = ?3
                WHERE id IN (
                    SELECT id FROM job WHERE deadline_ms <= ?1 AND state IN ('pending', 'held')
                    ORDER BY deadline_ms LIMIT ?4)
                RETURNING id, episode
                """, now.milliseconds, JobFailure.deadlinePassed.code, JobFailure.deadlinePassed.message,
                Store.mostJobsAtOnce
            ) { (row: Row) throws(StorageError) in
                (job: JobID(try row.integer("id")), episode: try row.optionalInteger("episode"))
            }
            for (_, episode) in expired {
                if let episode { try end(EpisodeID(episode), reason: "timeout", now: now) }
            }
            try lookAtDependents(of: expired.map(\.job), now: now)
            try database.run(
                """
                UPDATE job SET state = 'pending', pending_reason = 'Priority', wake_at_ms = NULL
                WHERE id IN (SELECT id FROM job WHERE wake_at_ms <= ? ORDER BY wake_at_ms LIMIT ?)
                """, now.milliseconds, Store.mostJobsAtOnce)
            return Woken(wokenCount: database.changes, expired: expired.map(\.job).sorted())
        }
    }

    /// The instant of the next wake-up or deadline among the waiting jobs; nil where there is none.
    package func nextWake() throws(StorageError) -> Timestamp? {
        let next = try database.first(
            """
            SELECT min(at) AS at FROM (
                SELECT min(wake_at_ms) AS at FROM job WHERE wake_at_ms IS NOT NULL
                UNION ALL
                SELECT min(deadline_ms) FROM job WHERE deadline_ms IS NOT NULL AND state IN ('pending', 'held'))
            """
        ) { (row: Row) throws(StorageError) in try row.optionalTimestamp("at") }
        return next ?? nil
    }

    /// Makes all jobs claimable that wait for a model, and returns how many.
    package func wakeModelUnavailable() throws(StorageError) -> Int {
        try transaction { () throws(StorageError) in
            try database.run(
                """
                UPDATE job SET pending_reason = 'Priority', wake_at_ms = NULL
                WHERE queue IN (SELECT name FROM queue) AND state = 'pending' AND pending_reason = 'ModelUnavailable'
                """)
            return database.changes
        }
    }

    private func claim(
        in queue: QueueName, _ settings: QueueSettings, now: Timestamp
    ) throws(StorageError) -> ClaimedJob? {
        if let limit = settings.maxRunning, try database.count(Store.runningCountSQL, queue.text) >= limit {
            return nil
        }
        guard let found = try nextClaimable(in: queue, settings, now: now) else { return nil }
        try database.run(
            """
            UPDATE job SET state = 'running', pending_reason = NULL, attempt = ?, epoch = ?, episode = ?,
                started_at_ms = coalesce(started_at_ms, ?)
            WHERE id = ?
            """, found.claim.attempt, epoch.number, found.claim.episode.number, now.milliseconds,
            found.claim.job.number)
        return found
    }

    /// The first job of the user whose turn it is: the next one with claimable jobs after the one served last, by their
    /// numbers and round. So of two users who both have jobs, neither gets a second turn before the other has had one, however
    /// many jobs and whichever priorities they have; and nothing is kept of users who have none.
    /// - Source: round robin is start-time fair queuing (`FairTurns`) of equal shares.
    private func nextClaimable(
        in queue: QueueName, _ settings: QueueSettings, now: Timestamp
    ) throws(StorageError) -> ClaimedJob? {
        func read(_ row: Row) throws(StorageError) -> ClaimedJob {
            let (id, attempt) = (try row.integer("id"), try row.integer("attempt"))
            let current = try row.optionalInteger("episode").map(EpisodeID.init)
            let isNew = current == nil
            let episode = if let current { current } else { try beginEpisode(of: JobID(id), now: now) }
            return ClaimedJob(
                claim: Claim(job: JobID(id), episode: episode, attempt: attempt + 1, epoch: epoch), queue: queue,
                settings: settings, batch: try row.optionalInteger("batch").map(BatchID.init),
                customID: try row.optionalText("custom_id"), submitter: try row.submitter(),
                deadline: try row.optionalTimestamp("deadline_ms"),
                timeLimitMilliseconds: try row.optionalInteger("time_limit_ms"),
                failedAttempts: try row.count("failed_attempts"),
                maxAttempts: try row.optionalInteger("max_attempts").map(Int.init) ?? settings.maxAttempts,
                request: try StoredRequest.read(row), opening: isNew ? nil : try opening(of: episode),
                steps: isNew ? [] : try writtenSteps(episode))
        }
        if let served = servedUsers[queue],
            let next = try database.first(Store.nextClaimableAfterUserSQL, queue.text, served, read: read)
        {
            return next
        }
        return try database.first(Store.nextClaimableSQL, queue.text, read: read)
    }

    private func beginEpisode(of job: JobID, now: Timestamp) throws(StorageError) -> EpisodeID {
        try database.run(
            """
            INSERT INTO episode (job, number, started_at_ms)
            VALUES (?1, (SELECT count(*) FROM episode WHERE job = ?1) + 1, ?2)
            """, job.number, now.milliseconds)
        return EpisodeID(database.lastInsertedRowID)
    }

    private func opening(of episode: EpisodeID) throws(StorageError) -> Opening? {
        let found = try database.first(
            "SELECT goal, opening, environment_steps FROM episode WHERE id = ?", episode.number
        ) { (row: Row) throws(StorageError) in try row.opening() }
        return found ?? nil
    }

    private func writtenSteps(_ episode: EpisodeID) throws(StorageError) -> [WrittenStep] {
        try database.all(
            "SELECT * FROM step WHERE episode = ? AND state <> 'abandoned' ORDER BY idx", episode.number
        ) { (row: Row) throws(StorageError) in
            WrittenStep(
                index: try row.count("idx"), role: try row.word("role"),
                generated: try row.generated() ?? Generated(text: "", stopReason: .interrupted),
                observation: try row.observation())
        }
    }
}
