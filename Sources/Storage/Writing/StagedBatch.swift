internal import Domain

/// A batch whose jobs are not accepted yet.
struct StagedBatch {
    let id: BatchID

    /// Nobody was promised these jobs, so they go without a trace but the batch's row: at leisure, by `removeDropped`.
    func abandon(_ database: Database) throws(StorageError) {
        try database.run("UPDATE batch SET state = 'abandoned' WHERE id = ?", id.number)
    }

    /// Those that a crash cut off. Returns how many.
    static func abandonAll(_ database: Database) throws(StorageError) -> Int {
        try database.run("UPDATE batch SET state = 'abandoned' WHERE state = 'validating'")
        return database.changes
    }

    /// Removes jobs of one abandoned batch. Returns how many: 0 once no batch has any.
    /// - Parameter limit: the most jobs to remove, >= 1.
    static func removeDropped(limit: Int, _ database: Database) throws(StorageError) -> Int {
        let batch = try database.first(
            "SELECT id FROM batch WHERE state = 'abandoned' AND job_count > 0 ORDER BY id LIMIT 1"
        ) { (row: Row) throws(StorageError) in try row.integer("id") }
        guard let batch else { return 0 }
        // The last lines first: a line needs only earlier ones.
        try database.run(
            """
            DELETE FROM job WHERE id IN (
                SELECT id FROM job WHERE batch = ? AND state = 'staged' ORDER BY id DESC LIMIT ?)
            """, batch, limit)
        let count = database.changes
        guard count > 0 else {
            throw .badValue(
                path: database.path, column: "batch.job_count", value: "of batch \(batch), which has no job")
        }
        try database.run("UPDATE batch SET job_count = job_count - ? WHERE id = ?", count, batch)
        return count
    }
}
