package import Domain

extension StoreReader {
    /// - Throws: `.noSuchBatch`.
    package func batch(_ id: BatchID) throws(StorageError) -> BatchRecord {
        try database.snapshot { () throws(StorageError) in
            let record = try database.first("SELECT * FROM batch WHERE id = ?", id.number) {
                (row: Row) throws(StorageError) in try batchRecord(row)
            }
            guard let record else { throw .noSuchBatch(id) }
            return record
        }
    }

    /// The latest accepted batches, newest first.
    /// - Parameters:
    ///   - queue: only this queue's; nil for all.
    ///   - uid: only this user's; nil for all.
    package func batches(
        queue: QueueName? = nil, uid: UInt32? = nil, limit: Int
    ) throws(StorageError) -> [BatchRecord] {
        try database.snapshot { () throws(StorageError) in
            try database.all(
                """
                SELECT * FROM batch WHERE state = 'ready' AND (?1 IS NULL OR submitter_uid = ?1)
                    AND (?2 IS NULL OR queue = ?2)
                ORDER BY id DESC LIMIT ?3
                """, uid, queue?.text, limit
            ) { (row: Row) throws(StorageError) in try batchRecord(row) }
        }
    }

    /// A page of a batch's jobs that have ended, in the order of the file. Takes a microsecond or less for each job of the
    /// batch, where what came of one takes a hundred.
    /// - Parameter after: where the page before ended; nil begins with the first line.
    package func ended(in batch: BatchID, after: JobID? = nil, limit: Int) throws(StorageError) -> [EndedJob] {
        // The states are in the index, so that no row is read of a job that has not ended.
        try database.all(
            """
            SELECT id, ended_at_ms FROM job
            WHERE batch = ? AND id > ? AND state IN ('completed', 'failed', 'cancelled', 'timeout')
            ORDER BY id LIMIT ?
            """, batch.number, after?.number ?? 0, limit
        ) { (row: Row) throws(StorageError) in
            EndedJob(job: JobID(try row.integer("id")), endedAt: try row.timestamp("ended_at_ms"))
        }
    }

    /// What came of some jobs, in the order of their numbers; those that are gone are left out.
    package func results(of jobs: [JobID]) throws(StorageError) -> [ResultRecord] {
        try database.snapshot { () throws(StorageError) in
            try database.all(
                """
                SELECT job.id, job.custom_id, job.line, job.state, job.episode, job.error_code, job.error_message,
                    job.reward, job.ended_at_ms, \(StoredRequest.columns), answer.text AS answer, answer.end_reason,
                    answer.is_success
                FROM job LEFT JOIN payload ON payload.job = job.id LEFT JOIN answer ON answer.episode = job.episode
                WHERE job.id IN (SELECT value FROM json_each(?)) ORDER BY job.id
                """, jsonList(jobs.map(\.number))
            ) { (row: Row) throws(StorageError) in
                let use = try roleUse(job: try row.integer("id"))
                return ResultRecord(
                    job: JobID(try row.integer("id")), customID: try row.optionalText("custom_id"),
                    line: try row.optionalInteger("line"), state: try row.word("state"),
                    request: try StoredRequest.read(row), answer: try row.optionalText("answer"),
                    end: try row.optionalWord("end_reason"), success: try row.optionalFlag("is_success"),
                    failure: try row.failure(),
                    reward: try row.optionalReal("reward"), endedAt: try row.optionalTimestamp("ended_at_ms"),
                    quick: use[.quick] ?? .none, deepthink: use[.deepthink] ?? .none)
            }
        }
    }

    /// What each role did for a job, over all its episodes.
    package func roleUse(_ job: JobID) throws(StorageError) -> [Role: RoleUse] { try roleUse(job: job.number) }

    /// What a batch took and was worth so far; all zero for one that there is not.
    package func batchSummary(_ batch: BatchID) throws(StorageError) -> BatchSummary {
        try database.snapshot { () throws(StorageError) in
            let use = try roleUse(of: "SELECT id FROM job WHERE batch = ?", batch.number)
            let ends = try database.first(
                "SELECT avg(reward) AS reward, max(ended_at_ms) AS ended_at_ms FROM job WHERE batch = ?", batch.number
            ) { (row: Row) throws(StorageError) in
                (reward: try row.optionalReal("reward"), endedAt: try row.optionalTimestamp("ended_at_ms"))
            }
            return BatchSummary(
                quick: use[.quick] ?? .none, deepthink: use[.deepthink] ?? .none, meanReward: ends?.reward,
                endedAt: ends?.endedAt)
        }
    }

    private func roleUse(job: Int64) throws(StorageError) -> [Role: RoleUse] { try roleUse(of: "?", job) }

    /// - Parameter jobs: SQL that gives the ids of the jobs, with one parameter.
    private func roleUse(of jobs: String, _ parameter: Int64) throws(StorageError) -> [Role: RoleUse] {
        var use: [Role: RoleUse] = [:]
        try database.each(
            """
            SELECT role, count(*) FILTER (WHERE state = 'written') AS steps,
                count(*) FILTER (WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE ledger_entry.step = step.id)) AS calls,
                sum(prompt_tokens) AS prompt, sum(cached_tokens) AS cached, sum(generated_tokens) AS generated,
                sum(gpu_ms) AS gpu
            FROM episode JOIN step ON step.episode = episode.id WHERE episode.job IN (\(jobs)) GROUP BY role
            """, [parameter]
        ) { (row: Row) throws(StorageError) in
            let role: Role = try row.word("role")
            use[role] = RoleUse(
                stepCount: try row.count("steps"), callCount: try row.count("calls"),
                promptTokens: try row.integer("prompt"),
                cachedTokens: try row.integer("cached"), generatedTokens: try row.integer("generated"),
                gpuMilliseconds: try row.integer("gpu"))
            return true
        }
        return use
    }

    private func batchRecord(_ row: Row) throws(StorageError) -> BatchRecord {
        let id = try row.integer("id")
        var counts: [JobState: Int] = [:]
        try database.each(
            "SELECT state, count(*) AS n FROM job WHERE batch = ? AND state <> 'staged' GROUP BY state", [id]
        ) { (row: Row) throws(StorageError) in
            let state: JobState = try row.word("state")
            counts[state] = try row.count("n")
            return true
        }
        return BatchRecord(
            id: BatchID(id), queue: try row.queueName(), state: try row.word("state"), submitter: try row.submitter(),
            fileName: try row.optionalText("file_name"), sha256: try row.optionalText("sha256"),
            createdAt: try row.timestamp("created_at_ms"), jobCount: try row.count("job_count"), counts: counts)
    }
}
