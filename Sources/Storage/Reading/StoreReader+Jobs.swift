package import Domain
package import SQLite

extension StoreReader {
    /// What a job's budget lacked where that is why it failed; nil where it is not.
    package func refusal(of job: JobID) throws(StorageError) -> BudgetRefusal? {
        try database.first("SELECT * FROM budget_refusal WHERE job = ?", job.number) {
            (row: Row) throws(StorageError) in
            BudgetRefusal(
                scope: try row.word("unit"), limit: try row.integer("day_limit"), spent: try row.integer("spent"),
                reserved: try row.integer("reserved"), resetsAt: try row.timestamp("resets_at_ms"))
        }
    }

    /// A page of jobs, newest first.
    package func jobs(_ filter: JobFilter) throws(StorageError) -> [JobRecord] {
        let (sql, values) = StoreReader.list(filter)
        return try database.all(sql, values) { (row: Row) throws(StorageError) in try row.jobRecord() }
    }

    /// The statement of a page. Few jobs run and few come to nothing, so those are not looked for among all.
    package static func list(_ filter: JobFilter) -> (sql: String, values: [any Bindable]) {
        var conditions = ["job.state <> 'staged'"]
        var values: [any Bindable] = []
        func require(_ condition: String, _ value: (any Bindable)?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        require("job.queue = ?", filter.queue?.text)
        require("job.batch = ?", filter.batch?.number)
        require("job.submitter_uid = ?", filter.uid)
        require("job.submitter_name = ?", filter.userName)
        require("job.id < ?", filter.before?.number)
        if !filter.states.isEmpty {
            let places = Array(repeating: "?", count: filter.states.count).joined(separator: ", ")
            conditions.append("job.state IN (\(places))")
            values += filter.states.map(\.rawValue)
        }
        values.append(filter.limit)
        var index = ""
        if filter.batch == nil, let few = rareStates(Set(filter.states)) {
            // Without its own condition, word by word, SQLite does not take a partial index.
            index = "INDEXED BY \(few.index)"
            conditions.append(few.condition)
        }
        return (
            "\(jobColumns(index)) WHERE \(conditions.joined(separator: " AND ")) ORDER BY job.id DESC LIMIT ?", values
        )
    }

    /// The partial index that has all jobs in these states, and its condition; nil where there is none.
    private static func rareStates(_ states: Set<JobState>) -> (index: String, condition: String)? {
        if states == [.running] { return ("job_running", "job.state = 'running'") }
        guard !states.isEmpty, states.isSubset(of: [.failed, .timeout, .cancelled]) else { return nil }
        return ("job_unanswered", "(job.state = 'failed' OR job.state = 'timeout' OR job.state = 'cancelled')")
    }

    /// One job with its texts.
    /// - Throws: `.noSuchJob`.
    package func job(_ id: JobID) throws(StorageError) -> JobDetail {
        try database.snapshot { () throws(StorageError) in
            let record = try database.first(
                "\(Self.jobColumns()) WHERE job.id = ? AND job.state <> 'staged'", id.number
            ) {
                (row: Row) throws(StorageError) in try row.jobRecord()
            }
            guard let record else { throw .noSuchJob(id) }
            let detail = try database.first(
                """
                SELECT \(StoredRequest.columns), answer.text AS answer, answer.end_reason, answer.is_success, goal, opening,
                    environment_steps
                FROM job LEFT JOIN payload ON payload.job = job.id LEFT JOIN answer ON answer.episode = job.episode
                    LEFT JOIN episode ON episode.id = job.episode
                WHERE job.id = ?
                """, id.number
            ) { (row: Row) throws(StorageError) in
                JobDetail(
                    job: record, request: try StoredRequest.read(row), answer: try row.optionalText("answer"),
                    end: try row.optionalWord("end_reason"),
                    success: try row.optionalFlag("is_success"),
                    opening: try row.opening())
            }
            guard let detail else {
                throw .badValue(path: database.path, column: "payload.job", value: "nothing for job \(id)")
            }
            return detail
        }
    }

    /// The jobs that a job needs and that have not ended, in order; none where it waits for none.
    package func openNeeds(of job: JobID) throws(StorageError) -> [JobID] {
        try database.all(
            """
            SELECT need.id FROM dependency CROSS JOIN job AS need ON need.id = dependency.needs
            WHERE dependency.job = ? AND need.ended_at_ms IS NULL ORDER BY need.id
            """, job.number
        ) { (row: Row) throws(StorageError) in JobID(try row.integer("id")) }
    }

    /// Every attempt at every step of a job, in order.
    /// - Throws: `.noSuchJob`.
    package func steps(_ job: JobID) throws(StorageError) -> [StepRecord] {
        try database.snapshot { () throws(StorageError) in
            let exists = try database.count(
                "SELECT count(*) AS n FROM job WHERE id = ? AND state <> 'staged'", job.number)
            guard exists == 1 else { throw .noSuchJob(job) }
            return try database.all(
                """
                SELECT step.*, episode.number AS episode_number, ledger_entry.seq IS NOT NULL AS is_charged,
                    reservation.calls AS reserved_calls, reservation.tokens AS reserved_tokens,
                    reservation.gpu_ms AS reserved_gpu_ms,
                    coalesce((SELECT transition.reward FROM transition WHERE transition.step = step.id
                        ORDER BY transition.outcome DESC LIMIT 1), step.reward) AS known_reward
                FROM episode JOIN step ON step.episode = episode.id
                    LEFT JOIN ledger_entry ON ledger_entry.step = step.id
                    LEFT JOIN reservation ON reservation.step = step.id
                WHERE episode.job = ? ORDER BY episode.number, step.idx, step.id
                """, job.number
            ) { (row: Row) throws(StorageError) in try row.stepRecord() }
        }
    }

    /// - Parameter index: which one to take; empty leaves that to SQLite.
    private static func jobColumns(_ index: String = "") -> String {
        "SELECT job.*, queue.is_paused AS queue_is_paused FROM job \(index) JOIN queue ON queue.name = job.queue"
    }
}

extension Row {
    /// From the columns of `job`, and `queue_is_paused`.
    fileprivate func jobRecord() throws(StorageError) -> JobRecord {
        let reason: PendingReason? = try optionalWord("pending_reason")
        let isPaused = try flag("queue_is_paused")
        return JobRecord(
            id: JobID(try integer("id")), batch: try optionalInteger("batch").map(BatchID.init),
            queue: try queueName(), customID: try optionalText("custom_id"), line: try optionalInteger("line"),
            submitter: try submitter(), state: try word("state"),
            pendingReason: reason == .priority && isPaused ? .queuePaused : reason,
            priority: try integer("priority"), createdAt: try timestamp("created_at_ms"),
            startedAt: try optionalTimestamp("started_at_ms"), endedAt: try optionalTimestamp("ended_at_ms"),
            notBefore: try optionalTimestamp("not_before_ms"), deadline: try optionalTimestamp("deadline_ms"),
            timeLimitMilliseconds: try optionalInteger("time_limit_ms"),
            deepthinkCalls: try optionalInteger("deepthink_calls").map(Int.init),
            wakeAt: try optionalTimestamp("wake_at_ms"), idempotencyKey: try optionalText("idempotency_key"),
            attempt: try integer("attempt"), failedAttempts: try count("failed_attempts"), failure: try failure(),
            reward: try optionalReal("reward"))
    }

    /// From the columns `reserved_...`.
    private func reserved() throws(StorageError) -> Spend? {
        guard let calls = try optionalInteger("reserved_calls") else { return nil }
        return Spend(
            calls: calls, tokens: try integer("reserved_tokens"), gpuMilliseconds: try integer("reserved_gpu_ms"))
    }

    /// From the columns of `job`.
    func failure() throws(StorageError) -> JobFailure? {
        guard let code = try optionalText("error_code") else { return nil }
        return JobFailure(code: code, message: try text("error_message"))
    }

    /// From the columns of `step`, `episode_number` and `is_charged`.
    fileprivate func stepRecord() throws(StorageError) -> StepRecord {
        let tokens = try integer("prompt_tokens") + integer("generated_tokens")
        return StepRecord(
            id: StepID(try integer("id")), episodeNumber: try count("episode_number"), index: try count("idx"),
            state: try word("state"), draft: try optionalWord("draft"), attempt: try integer("attempt"),
            epoch: Epoch(try integer("epoch")), decision: try decision(),
            features: try floats("features"), model: try text("model"), day: try day("day"),
            budgetShare: try real("budget_share"), startedAt: try timestamp("started_at_ms"),
            endedAt: try optionalTimestamp("ended_at_ms"), generated: try generated(),
            confirmsDraft: try optionalFlag("confirms_draft"),
            spend: Spend(
                calls: try flag("is_charged") ? 1 : 0, tokens: tokens, gpuMilliseconds: try integer("gpu_ms")),
            reserved: try reserved(), reward: try optionalReal("known_reward"), observation: try observation())
    }
}
