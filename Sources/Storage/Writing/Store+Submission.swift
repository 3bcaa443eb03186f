package import Domain
internal import Hashing

extension Store {
    /// Opens a batch for `appendJobs`. Nobody sees its jobs before `commitBatch`, and a crash before that leaves none.
    /// - Throws: `.noSuchQueue`, `.queueDraining`.
    package func beginBatch(
        queue: QueueName, submitter: User, fileName: String?, now: Timestamp
    ) throws(StorageError) -> BatchID {
        try transaction { () throws(StorageError) in
            try requireOpen(queue)
            return BatchID(
                try database.insert(
                    into: "batch",
                    [
                        "queue": queue.text, "state": BatchState.validating.rawValue, "submitter_uid": submitter.uid,
                        "submitter_name": submitter.name, "file_name": fileName, "created_at_ms": now.milliseconds,
                        "job_count": 0,
                    ]))
        }
    }

    /// Stages jobs in an open batch: all of these or none. A thousand at once is a good number.
    /// - Throws: `.noSuchBatch`, `.batchNotOpen`, `.duplicateCustomID`, `.idempotencyKeyInUse`, `.noSuchJob` and
    ///   `.noSuchLine` for what a job needs.
    package func appendJobs(_ jobs: [NewJob], to batch: BatchID, now: Timestamp) throws(StorageError) {
        try transaction { () throws(StorageError) in
            let owner = try openBatch(batch)
            for job in jobs {
                if let key = job.idempotencyKey, let earlier = try submission(key: key, uid: owner.submitter.uid) {
                    throw .idempotencyKeyInUse(key, job: earlier.job)
                }
                guard let id = try insert(job, state: "staged", batch: batch, owner: owner, now: now) else {
                    throw try duplicate(job, in: batch)
                }
                if !job.needs.isEmpty { try record(job.needs, of: id, in: batch) }
            }
            try database.run("UPDATE batch SET job_count = job_count + ? WHERE id = ?", jobs.count, batch.number)
        }
    }

    /// Accepts a batch: on return its jobs are durable and claimable. The same file (by its hash) of the same user in
    /// the same queue is the batch accepted first, and the new jobs go.
    /// - Parameter sha256: of the file's bytes, lower-case hexadecimal.
    /// - Throws: `.noSuchBatch`, `.batchNotOpen`, `.emptyBatch`, `.queueDraining`.
    package func commitBatch(
        _ batch: BatchID, sha256: String, allowDuplicate: Bool, now: Timestamp
    ) throws(StorageError) -> BatchCommit {
        try transaction { () throws(StorageError) in
            let owner = try openBatch(batch)
            guard owner.jobCount > 0 else { throw .emptyBatch(batch) }
            if !allowDuplicate, let same = try sameBatch(owner, sha256: sha256) {
                try StagedBatch(id: batch).abandon(database)
                return same
            }
            try requireOpen(owner.queue)
            try database.run(
                """
                UPDATE job SET state = 'pending', created_at_ms = ?1,
                    pending_reason = CASE WHEN not_before_ms > ?1 THEN 'NotBefore' ELSE 'Priority' END,
                    wake_at_ms = CASE WHEN not_before_ms > ?1 THEN not_before_ms END
                WHERE id BETWEEN (SELECT min(id) FROM job WHERE batch = ?2) AND (SELECT max(id) FROM job WHERE batch = ?2)
                    AND +batch = ?2 AND state = 'staged'
                """, now.milliseconds, batch.number)
            try parkDependents(in: batch, now: now)
            try recordArrivals(owner.jobCount, in: owner.queue, now: now)
            try database.run(
                "UPDATE batch SET state = 'ready', sha256 = ?, ready_at_ms = ? WHERE id = ?", sha256, now.milliseconds,
                batch.number)
            return BatchCommit(batch: batch, jobCount: owner.jobCount, isDuplicate: false)
        }
    }

    /// Drops a batch that was refused or cut off while it was validated. Its jobs go with `removeDroppedJobs`.
    /// - Throws: `.noSuchBatch`, `.batchNotOpen`.
    package func abandonBatch(_ batch: BatchID) throws(StorageError) {
        try transaction { () throws(StorageError) in
            _ = try openBatch(batch)
            try StagedBatch(id: batch).abandon(database)
        }
    }

    /// Removes staged jobs of dropped batches, in one transaction. Returns how many: 0 once there are none.
    /// - Parameter limit: the most jobs to remove, >= 1. Every writer waits for them.
    package func removeDroppedJobs(limit: Int) throws(StorageError) -> Int {
        precondition(limit >= 1, "a step removes a job or more")
        return try transaction { () throws(StorageError) in try StagedBatch.removeDropped(limit: limit, database) }
    }

    /// Accepts one job: on return it is durable and claimable.
    /// - Throws: `.noSuchQueue`, `.queueDraining`, `.noSuchJob` for one that it needs.
    package func submitJob(
        _ job: NewJob, queue: QueueName, submitter: User, now: Timestamp
    ) throws(StorageError) -> Submission {
        try transaction { () throws(StorageError) in
            if let key = job.idempotencyKey, let earlier = try submission(key: key, uid: submitter.uid) {
                return earlier
            }
            try requireOpen(queue)
            let owner = BatchOwner(queue: queue, submitter: submitter, jobCount: 0)
            guard let id = try insert(job, state: "pending", batch: nil, owner: owner, now: now) else {
                preconditionFailure("a job without a batch has no custom_id to collide with")
            }
            try recordArrivals(1, in: queue, now: now)
            if !job.needs.isEmpty {
                try record(job.needs, of: id, in: nil)
                try park(id)
                try lookAt(id, now: now)
            }
            return Submission(job: id, batch: nil, isDuplicate: false)
        }
    }

    /// - Throws: `.noSuchQueue`, `.queueDraining`.
    func requireOpen(_ queue: QueueName) throws(StorageError) {
        guard let settings = try settingsOfQueue(queue) else { throw .noSuchQueue(queue) }
        guard !settings.isDraining else { throw .queueDraining(queue) }
    }

    private struct BatchOwner {
        let queue: QueueName
        let submitter: User
        let jobCount: Int
    }

    private func openBatch(_ batch: BatchID) throws(StorageError) -> BatchOwner {
        let found = try database.first(
            "SELECT queue, submitter_uid, submitter_name, job_count, state FROM batch WHERE id = ?", batch.number
        ) { (row: Row) throws(StorageError) in
            let state: BatchState = try row.word("state")
            let owner = BatchOwner(
                queue: try row.queueName(), submitter: try row.submitter(), jobCount: try row.count("job_count"))
            return (owner: owner, state: state)
        }
        guard let found else { throw .noSuchBatch(batch) }
        guard found.state == .validating else { throw .batchNotOpen(batch, state: found.state) }
        return found.owner
    }

    private func sameBatch(_ owner: BatchOwner, sha256: String) throws(StorageError) -> BatchCommit? {
        try database.first(
            """
            SELECT id, job_count FROM batch WHERE queue = ? AND submitter_uid = ? AND sha256 = ? AND state = 'ready'
                -- Of a batch that was pruned in part not every line is there.
                AND job_count = (SELECT count(*) FROM job WHERE job.batch = batch.id)
            ORDER BY id LIMIT 1
            """, owner.queue.text, owner.submitter.uid, sha256
        ) { (row: Row) throws(StorageError) in
            BatchCommit(batch: BatchID(try row.integer("id")), jobCount: try row.count("job_count"), isDuplicate: true)
        }
    }

    private func submission(key: String, uid: UInt32) throws(StorageError) -> Submission? {
        try database.first("SELECT id, batch FROM job WHERE submitter_uid = ? AND idempotency_key = ?", uid, key) {
            (row: Row) throws(StorageError) in
            Submission(
                job: JobID(try row.integer("id")), batch: try row.optionalInteger("batch").map(BatchID.init),
                isDuplicate: true)
        }
    }

    /// nil where the batch has a job of this custom id.
    private func insert(
        _ job: NewJob, state: String, batch: BatchID?, owner: BatchOwner, now: Timestamp
    ) throws(StorageError) -> JobID? {
        let wakeAt = job.notBefore.flatMap { $0 > now && state == "pending" ? $0 : nil }
        let reason = wakeAt == nil ? PendingReason.priority : .notBefore
        let id = try database.insertIfNew(
            """
            INSERT INTO job (
                batch, queue, custom_id, line, submitter_uid, submitter_name, state, pending_reason, priority,
                created_at_ms, not_before_ms, deadline_ms, wake_at_ms, idempotency_key, max_attempts,
                deepthink_calls, time_limit_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (batch, custom_id) DO NOTHING
            """, batch?.number, owner.queue.text, job.customID, job.line, owner.submitter.uid, owner.submitter.name,
            state,
            state == "pending" ? reason.rawValue : nil, job.priority, now.milliseconds, job.notBefore?.milliseconds,
            job.deadline?.milliseconds, wakeAt?.milliseconds, job.idempotencyKey, job.maxAttempts,
            job.deepthinkCalls, job.timeLimitMilliseconds)
        guard let id else { return nil }
        try database.run(
            "INSERT INTO payload (job, specification, specification_sha256) VALUES (?, ?, ?)", id, job.specification,
            SHA256.digest(of: job.specification))
        return JobID(id)
    }

    private func duplicate(_ job: NewJob, in batch: BatchID) throws(StorageError) -> StorageError {
        let customID = job.customID ?? ""
        let first = try database.first(
            "SELECT line FROM job WHERE batch = ? AND custom_id = ?", batch.number, customID
        ) { (row: Row) throws(StorageError) in try row.optionalInteger("line") }
        return .duplicateCustomID(customID, firstLine: (first ?? nil) ?? 0, line: job.line ?? 0)
    }
}
