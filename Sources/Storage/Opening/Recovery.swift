internal import Domain

/// Takes over what the last process left. One process owns the state, so whatever is found running is an orphan,
/// without timers or guesses.
struct Recovery {
    let database: Database

    /// Opens the next epoch and repairs, in one transaction.
    /// - Parameter missing: what the state lacks of its note, where an administrator has accepted that.
    func run(now: Timestamp, accepting missing: String? = nil) throws(StorageError) -> (Epoch, RecoveryReport) {
        try database.transaction { () throws(StorageError) in
            if let missing {
                try database.recordEvent("state.accept", subject: "state", detail: missing, by: .londid, now: now)
            }
            let epoch = Epoch(try database.insert(into: "epoch", ["opened_at_ms": now.milliseconds]))
            let reservations = try settleReservations(now: now)
            let steps = try abandonSteps(now: now)
            let jobs = try requeueJobs()
            let batches = try StagedBatch.abandonAll(database)
            return (
                epoch,
                RecoveryReport(
                    requeuedJobs: jobs, settledReservations: reservations, abandonedSteps: steps,
                    abandonedBatches: batches)
            )
        }
    }

    /// The request may have run on the GPU to its end, and nobody measured it: only the bound never exceeds the budget.
    private func settleReservations(now: Timestamp) throws(StorageError) -> Int {
        // The plus keeps SQLite from walking all reservations in the order of their steps.
        let open = try database.all("SELECT step FROM reservation WHERE state = 'open' ORDER BY +step") {
            (row: Row) throws(StorageError) in StepID(try row.integer("step"))
        }
        for step in open {
            guard let running = try RunningStep.load(step, database) else {
                throw .badValue(path: database.path, column: "reservation.step", value: "\(step), which does not run")
            }
            try running.chargeBound(database, now: now)
        }
        return open.count
    }

    /// What is left are QUICK's steps: nothing is known of their use, and no budget needs a bound.
    private func abandonSteps(now: Timestamp) throws(StorageError) -> Int {
        try database.run(
            "UPDATE step SET state = 'abandoned', ended_at_ms = ? WHERE state = 'running'", now.milliseconds)
        return database.changes
    }

    private func requeueJobs() throws(StorageError) -> Int {
        try database.run(
            "UPDATE job SET state = 'pending', pending_reason = 'Priority', epoch = NULL WHERE state = 'running'")
        return database.changes
    }
}
