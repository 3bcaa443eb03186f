package import Domain

/// Which jobs of a batch to cancel.
package struct CancelFilter: Hashable, Sendable {
    package var batch: BatchID
    /// Empty: pending, held and running.
    package var states: [JobState]
    /// A GLOB pattern of `custom_id`, as SQLite's: `*`, `?`, `[a-z]`, and case matters. nil: all.
    package var customID: String?

    package init(batch: BatchID, states: [JobState] = [], customID: String? = nil) {
        self.batch = batch
        self.states = states
        self.customID = customID
    }
}

/// What one transaction of a long cancellation did.
package struct CancelPage: Hashable, Sendable {
    /// Jobs that it cancelled, those among them that needed another one included.
    package let count: Int
    /// Those that ran.
    package let running: [JobID]
    /// Where the next page begins; nil where this was the last.
    package let last: JobID?

    package init(count: Int, running: [JobID], last: JobID?) {
        self.count = count
        self.running = running
        self.last = last
    }
}

extension Store {
    /// The most jobs that one transaction cancels, retries or wakes at their time: the other writers wait that long. A budget
    /// that is raised wakes all that it held at once, ten microseconds for each.
    package static let mostJobsAtOnce = 1000

    /// Ends a job that has not ended, whoever runs it, and returns the state it was in; a terminal one is left as it was.
    /// A running step's end still finds its way into the books.
    /// - Throws: `.noSuchJob`.
    package func cancelJob(_ job: JobID, by user: User, now: Timestamp) throws(StorageError) -> JobState {
        try cancelWithDependents(job, by: user, now: now).previous
    }

    /// `cancelJob`, with how many jobs ended with it because they needed it.
    package func cancelWithDependents(
        _ job: JobID, by user: User, now: Timestamp
    ) throws(StorageError) -> (previous: JobState, dependents: Int) {
        try transaction { () throws(StorageError) in
            guard let found = try stateOfJob(job) else { throw .noSuchJob(job) }
            guard !found.state.isTerminal else { return (found.state, 0) }
            let dependents = try end(job, state: .cancelled, failure: nil, now: now)
            if let episode = found.episode { try end(episode, reason: "cancelled", now: now) }
            try recordEvent("job.cancel", subject: "\(job)", detail: "was \(found.state.rawValue)", by: user, now: now)
            return (found.state, dependents.count)
        }
    }

    /// Cancels the next thousand jobs of a batch that match, in one transaction, so that others are served between two
    /// pages. Jobs that need one of them end with it, the filter or not.
    package func cancelJobs(
        _ filter: CancelFilter, after: JobID? = nil, by user: User, now: Timestamp
    ) throws(StorageError) -> CancelPage {
        try transaction { () throws(StorageError) in
            let found = try database.all(
                """
                SELECT id, state, episode FROM job
                WHERE batch = ?1 AND id > ?2 AND state IN ('pending', 'held', 'running')
                    AND instr(?3, ' ' || state || ' ') > 0 AND (?4 IS NULL OR custom_id GLOB ?4)
                ORDER BY id LIMIT ?5
                """, filter.batch.number, after?.number ?? 0, words(filter.states), filter.customID,
                Store.mostJobsAtOnce
            ) { (row: Row) throws(StorageError) in
                let state: JobState = try row.word("state")
                return (
                    job: JobID(try row.integer("id")), state: state,
                    episode: try row.optionalInteger("episode").map(EpisodeID.init)
                )
            }
            // All of the page first: a job that is cancelled by its own name does not end for want of another.
            for (job, _, episode) in found {
                try endAlone(job, state: .cancelled, failure: nil, now: now)
                if let episode { try end(episode, reason: "cancelled", now: now) }
            }
            let dependents = try lookAtDependents(of: found.map(\.job), now: now)
            guard let first = found.first?.job, let last = found.last?.job else {
                return CancelPage(count: 0, running: [], last: nil)
            }
            try recordEvent(
                "batch.cancel", subject: "\(filter.batch)",
                detail: "\(found.count) jobs from \(first) to \(last)", by: user, now: now)
            return CancelPage(
                count: found.count + dependents.count, running: found.filter { $0.state == .running }.map(\.job),
                last: found.count == Store.mostJobsAtOnce ? last : nil)
        }
    }

    /// ` pending held `: what `instr` finds a state in. Few words, so that the statement is one for every choice.
    private func words(_ states: [JobState]) -> String {
        let wanted = states.isEmpty ? JobState.allCases.filter { !$0.isTerminal } : states
        return " " + wanted.map(\.rawValue).joined(separator: " ") + " "
    }
}
