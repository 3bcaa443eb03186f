package import Domain

/// Jobs that wait for others: parked as `Dependency`, so that no claim sees them, and looked at whenever a job ends that
/// one of them needs, in the transaction of that end. A job's number is higher than that of every job it needs, so
/// nothing waits for itself.
extension Store {
    /// How many waiting jobs are in memory at once.
    private static let pageLength = 1000

    /// Those of `jobs` that a user may not depend on: there is no such job, or it is somebody else's.
    /// - Parameter uid: nil may depend on everybody's.
    package func unknownNeeds(_ jobs: [JobID], of uid: UInt32?) throws(StorageError) -> [JobID] {
        var unknown: [JobID] = []
        for job in jobs {
            let count = try database.count(
                "SELECT count(*) AS n FROM job WHERE id = ?1 AND state <> 'staged' AND (?2 IS NULL OR submitter_uid = ?2)",
                job.number, uid)
            if count == 0 { unknown.append(job) }
        }
        return unknown
    }

    /// Records what a new job needs. A job named twice is needed once, and as `after-ok` where one of the two says so.
    /// - Throws: `.noSuchJob`, `.noSuchLine`, `.tooMany`.
    func record(_ needs: [Need], of job: JobID, in batch: BatchID?) throws(StorageError) {
        guard needs.count <= Need.limit else { throw .tooMany(what: "jobs that one job needs", limit: Need.limit) }
        for need in needs {
            let target = try target(of: need, in: batch)
            try database.run(
                """
                INSERT INTO dependency (job, needs, kind) VALUES (?1, ?2, ?3)
                ON CONFLICT (job, needs) DO UPDATE SET kind = ?3 WHERE ?3 = 'after-ok'
                """, job.number, target.number, need.kind.rawValue)
        }
    }

    private func target(of need: Need, in batch: BatchID?) throws(StorageError) -> JobID {
        switch need.target {
        case .job(let job):
            guard try stateOfJob(job) != nil else { throw .noSuchJob(job) }
            return job
        case .line(let customID):
            let job = try database.first(
                "SELECT id FROM job WHERE batch = ? AND custom_id = ?", batch?.number, customID
            ) {
                (row: Row) throws(StorageError) in JobID(try row.integer("id"))
            }
            guard let job else { throw .noSuchLine(customID: customID) }
            return job
        }
    }

    /// Makes a claimable job wait for what it needs.
    func park(_ job: JobID) throws(StorageError) {
        try database.run(
            "UPDATE job SET pending_reason = 'Dependency', wake_at_ms = NULL WHERE id = ? AND state = 'pending'",
            job.number)
    }

    /// Parks the jobs of a batch that need others, and looks at each. Nothing is done for a job that needs none: the
    /// rows of `dependency` between the batch's first and last job are found first.
    func parkDependents(in batch: BatchID, now: Timestamp) throws(StorageError) {
        var after: Int64 = 0
        while true {
            let page = try dependents(in: batch, after: after)
            for job in page { try park(job) }
            guard page.count == Store.pageLength, let last = page.last else { break }
            after = last.number
        }
        // In the order of the file: what an earlier line comes to is known when a later one is looked at.
        after = 0
        while true {
            let page = try dependents(in: batch, after: after)
            for job in page where try isParked(job) {
                if try lookAt(job, now: now) == .cancelled { try lookAtDependents(of: [job], now: now) }
            }
            guard page.count == Store.pageLength, let last = page.last else { break }
            after = last.number
        }
    }

    private func dependents(in batch: BatchID, after: Int64) throws(StorageError) -> [JobID] {
        try database.all(
            """
            SELECT DISTINCT dependency.job AS id FROM dependency CROSS JOIN job ON job.id = dependency.job
            WHERE dependency.job > max(?2, (SELECT min(id) FROM job WHERE batch = ?1) - 1)
                AND dependency.job <= (SELECT max(id) FROM job WHERE batch = ?1) AND job.batch = ?1
            ORDER BY dependency.job LIMIT ?3
            """, batch.number, after, Store.pageLength
        ) { (row: Row) throws(StorageError) in JobID(try row.integer("id")) }
    }

    private func isParked(_ job: JobID) throws(StorageError) -> Bool {
        try database.count(
            "SELECT count(*) AS n FROM job WHERE id = ? AND state = 'pending' AND pending_reason = 'Dependency'",
            job.number) == 1
    }

    /// Looks at every job that waits for one of `ended`, at those that wait for the ones which that cancels, and so on.
    /// Takes eight bytes of memory for each job that it cancels, and a page of those that wait.
    /// - Returns: the jobs that it cancelled.
    @discardableResult
    func lookAtDependents(of ended: [JobID], now: Timestamp) throws(StorageError) -> [JobID] {
        var unseen = ended
        var cancelled: [JobID] = []
        while let need = unseen.popLast() {
            var after: Int64 = 0
            while true {
                let page = try database.all(
                    """
                    SELECT job.id FROM dependency CROSS JOIN job ON job.id = dependency.job
                    WHERE dependency.needs = ? AND dependency.job > ? AND job.state = 'pending'
                        AND job.pending_reason = 'Dependency'
                    ORDER BY dependency.job LIMIT ?
                    """, need.number, after, Store.pageLength
                ) { (row: Row) throws(StorageError) in JobID(try row.integer("id")) }
                for job in page where try lookAt(job, now: now) == .cancelled {
                    unseen.append(job)
                    cancelled.append(job)
                }
                guard page.count == Store.pageLength, let last = page.last else { break }
                after = last.number
            }
        }
        return cancelled
    }

    enum Look {
        case waits
        case claimable
        case cancelled
    }

    /// Decides about a parked job by the states of what it needs.
    @discardableResult
    func lookAt(_ job: JobID, now: Timestamp) throws(StorageError) -> Look {
        if let failed = try failedNeed(of: job) {
            let end =
                switch failed.state {
                case .cancelled: "was cancelled"
                case .timeout: "timed out"
                default: "failed"
                }
            let failure = JobFailure(
                code: JobFailure.dependencyFailed, message: "job \(failed.job), which had to complete first, \(end)")
            try endAlone(job, state: .cancelled, failure: failure, now: now)
            return .cancelled
        }
        guard try !hasOpenNeed(job) else { return .waits }
        try database.run(
            """
            UPDATE job SET pending_reason = CASE WHEN not_before_ms > ?1 THEN 'NotBefore' ELSE 'Priority' END,
                wake_at_ms = CASE WHEN not_before_ms > ?1 THEN not_before_ms END
            WHERE id = ?2
            """, now.milliseconds, job.number)
        return .claimable
    }

    /// The first job that had to complete and did not.
    func failedNeed(of job: JobID) throws(StorageError) -> (job: JobID, state: JobState)? {
        try database.first(
            """
            SELECT need.id, need.state FROM dependency CROSS JOIN job AS need ON need.id = dependency.needs
            WHERE dependency.job = ? AND dependency.kind = 'after-ok'
                AND need.state IN ('failed', 'cancelled', 'timeout')
            ORDER BY dependency.needs LIMIT 1
            """, job.number
        ) { (row: Row) throws(StorageError) in (job: JobID(try row.integer("id")), state: try row.word("state")) }
    }

    func hasOpenNeed(_ job: JobID) throws(StorageError) -> Bool {
        try database.count(
            """
            SELECT EXISTS (
                SELECT 1 FROM dependency CROSS JOIN job AS need ON need.id = dependency.needs
                WHERE dependency.job = ? AND need.ended_at_ms IS NULL) AS n
            """, job.number) == 1
    }
}

extension JobFailure {
    /// The code of a job that was cancelled because one that it needs did not complete.
    package static let dependencyFailed = "dependency-failed"
}
