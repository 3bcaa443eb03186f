package import Domain

extension StoreReader {
    /// What `Store.prune` would do, without doing it.
    package func prunable(
        _ rule: PruningRule, after: PruningPlace? = nil, limit: Int
    ) throws(StorageError) -> PruningStep {
        try database.snapshot { () throws(StorageError) in
            let page = try PruningPage.load(rule, after: after, limit: limit, database)
            return PruningStep(jobCount: page.jobs.count, next: page.next, firstYoung: page.firstYoung)
        }
    }

    /// What is left of a pruned job; nil where no such job was pruned.
    package func prunedJob(_ job: JobID) throws(StorageError) -> PrunedJob? {
        try database.first("SELECT * FROM pruned_job WHERE job = ?", job.number) { (row: Row) throws(StorageError) in
            func spend(_ role: Role) throws(StorageError) -> Spend {
                Spend(
                    calls: try row.integer("\(role.rawValue)_calls"),
                    tokens: try row.integer("\(role.rawValue)_tokens"),
                    gpuMilliseconds: try row.integer("\(role.rawValue)_gpu_ms"))
            }
            return PrunedJob(
                job: job, queue: try row.queueName(), batch: try row.optionalInteger("batch").map(BatchID.init),
                submitter: try row.submitter(), state: try row.word("state"), endedAt: try row.timestamp("ended_at_ms"),
                prunedAt: try row.timestamp("pruned_at_ms"), entryCount: try row.count("entry_count"),
                quick: try spend(.quick), deepthink: try spend(.deepthink))
        }
    }
}
