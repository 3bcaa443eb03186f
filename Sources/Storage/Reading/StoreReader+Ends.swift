package import Domain
internal import SQLite

/// How often jobs have ended, by queue and state: a count that neither pruning nor a retry takes back.
package struct JobEnds: Hashable, Sendable {
    package typealias Counts = [QueueName: [JobState: Int64]]

    /// Of all jobs there ever were.
    package fileprivate(set) var counts: Counts = [:]
    /// Of the stretches of job numbers in which every job has ended: what need not be counted again.
    fileprivate var closed: [Int64: Counts] = [:]
    /// The ends that a retry took back. Where these change, so do stretches that were closed.
    fileprivate var retried: Counts = [:]

    /// Of no job.
    package init() {}

    fileprivate mutating func add(_ more: Counts) {
        counts.merge(more) { left, right in left.merging(right, uniquingKeysWith: +) }
    }
}

extension StoreReader {
    /// So many job numbers are counted at once.
    private static let stretchLength: Int64 = 4096

    /// Every end of a job so far. Nothing is written when a job ends but the job, so the first look reads all jobs, and each
    /// later one those stretches in which jobs had not ended.
    /// - Parameter known: an earlier look.
    package func jobEnds(knowing known: JobEnds = JobEnds()) throws(StorageError) -> JobEnds {
        try database.snapshot { () throws(StorageError) in
            var ends = JobEnds()
            ends.retried = try counts("SELECT queue, state, ends AS n FROM retried_end").ended
            ends.add(ends.retried)
            let closed = known.retried == ends.retried ? known.closed : [:]
            let last = try database.count(
                """
                SELECT max(coalesce((SELECT max(id) FROM job), 0), coalesce((SELECT max(job) FROM pruned_job), 0)) AS n
                """)
            let open = last / Self.stretchLength
            for stretch in 0...open {
                if let counts = closed[stretch] {
                    ends.closed[stretch] = counts
                    ends.add(counts)
                    continue
                }
                let first = stretch * Self.stretchLength
                let found = try counts(
                    """
                    SELECT queue, state, count(*) AS n FROM job WHERE id BETWEEN ?1 AND ?2 GROUP BY queue, state
                    UNION ALL
                    SELECT queue, state, count(*) FROM pruned_job WHERE job BETWEEN ?1 AND ?2 GROUP BY queue, state
                    """, first, first + Self.stretchLength - 1)
                ends.add(found.ended)
                // No number is given out twice, so only the last stretch gets further jobs.
                if found.areAll, stretch < open { ends.closed[stretch] = found.ended }
            }
            return ends
        }
    }

    /// - Parameter sql: gives queue, state and n.
    /// - Returns: what has ended, and whether that is all.
    private func counts(
        _ sql: String, _ values: any Bindable...
    ) throws(StorageError) -> (ended: JobEnds.Counts, areAll: Bool) {
        var (ended, areAll): (JobEnds.Counts, Bool) = ([:], true)
        try database.each(sql, values) { (row: Row) throws(StorageError) in
            // Staged jobs are no jobs yet, and have no state of the domain's.
            guard let state = JobState(rawValue: try row.text("state")), state.isTerminal else {
                areAll = false
                return true
            }
            ended[try row.queueName(), default: [:]][state, default: 0] += try row.integer("n")
            return true
        }
        return (ended, areAll)
    }
}
