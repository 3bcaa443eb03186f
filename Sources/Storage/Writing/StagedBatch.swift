internal import Domain

/// A batch whose jobs are not accepted yet.
struct StagedBatch {
    let id: BatchID

    /// Nobody was promised these jobs, so they go without a trace but the batch's row.
    func abandon(_ database: Database) throws(StorageError) {
        try database.run("DELETE FROM job WHERE batch = ? AND state = 'staged'", id.number)
        try database.run("UPDATE batch SET state = 'abandoned', job_count = 0 WHERE id = ?", id.number)
    }
}
