internal import Domain

/// Some jobs of a queue in the order of their numbers, and which of them a rule lets go. Jobs end roughly in that order,
/// and none ends before it was submitted: so the list index of the queue finds what is old enough, and no job's end pays
/// for an index of its own.
struct PruningPage {
    private(set) var jobs: [Int64] = []
    private(set) var batches: Set<Int64> = []
    private(set) var next: PruningPlace?
    private(set) var firstYoung: Timestamp?

    /// Literal states: only so does SQLite see that the partial indexes have them all.
    static let sql = """
        SELECT id, batch, created_at_ms,
            ended_at_ms IS NOT NULL AND ended_at_ms < ?2
            AND NOT EXISTS (
                SELECT 1 FROM dependency JOIN job AS dependent ON dependent.id = dependency.job
                WHERE dependency.needs = job.id
                    AND (dependent.ended_at_ms IS NULL
                        -- One that stays and may be retried must find out what its need came to.
                        OR dependent.state <> 'completed'
                            AND (dependent.ended_at_ms >= ?2
                                OR EXISTS (
                                    SELECT 1 FROM job AS unended
                                    WHERE unended.batch = dependent.batch AND unended.ended_at_ms IS NULL))))
            AND NOT EXISTS (
                SELECT 1 FROM episode JOIN outcome ON outcome.episode = episode.id
                WHERE episode.job = job.id AND outcome.seq >= ?3)
            -- A cancelled job's last step may still run.
            AND NOT EXISTS (
                SELECT 1 FROM step JOIN episode AS current ON current.id = step.episode
                WHERE step.state = 'running' AND current.job = job.id) AS may_go
        FROM job WHERE queue = ?1 AND id > ?4 ORDER BY id LIMIT ?5
        """

    /// - Parameter limit: the most jobs to look at, >= 1.
    static func load(
        _ rule: PruningRule, after: PruningPlace?, limit: Int, _ database: Database
    ) throws(StorageError) -> PruningPage {
        let kept: Int64
        if let after { kept = after.firstKeptOutcome } else { kept = try firstKeptOutcome(rule, database) }
        var page = PruningPage()
        let rows = try database.all(
            sql, rule.queue.text, rule.before.milliseconds, kept, after?.job.number ?? 0, limit
        ) { (row: Row) throws(StorageError) in
            (
                job: try row.integer("id"), batch: try row.optionalInteger("batch"),
                createdAt: try row.timestamp("created_at_ms"), mayGo: try row.flag("may_go")
            )
        }
        let young = rows.first { $0.createdAt >= rule.before }
        page.firstYoung = young?.createdAt
        // One job that a wrong clock dated into the future does not hide those after it; a whole page of young ones is
        // the end of the old ones.
        let isLast = rows.count < limit || rows.allSatisfy { $0.createdAt >= rule.before }
        page.next = isLast ? nil : rows.last.map { PruningPlace(job: JobID($0.job), firstKeptOutcome: kept) }
        var isUnended: [Int64: Bool] = [:]
        for row in rows where row.mayGo {
            if let batch = row.batch {
                if isUnended[batch] == nil { isUnended[batch] = try hasUnended(batch, database) }
                if isUnended[batch] == true { continue }
                page.batches.insert(batch)
            }
            page.jobs.append(row.job)
        }
        return page
    }

    private static func hasUnended(_ batch: Int64, _ database: Database) throws(StorageError) -> Bool {
        try database.count(
            "SELECT EXISTS (SELECT 1 FROM job WHERE batch = ? AND ended_at_ms IS NULL) AS n", batch) == 1
    }

    /// Episodes with this outcome or a later one stay: the newest, and those that are learnt from where one user has most
    /// of the newest. The same choice as `StoreReader.trainingEpisodes`.
    private static func firstKeptOutcome(_ rule: PruningRule, _ database: Database) throws(StorageError) -> Int64 {
        if rule.keptEpisodes == 0 { return .max }
        let kept = try database.outcomes(of: rule.queue, in: 0...Int64.max, limit: rule.keptEpisodes, .fair).sequences
        return kept.count == rule.keptEpisodes ? kept[kept.count - 1] : 0
    }
}
