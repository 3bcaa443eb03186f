internal import Domain

/// A step whose model is writing, with what its end must be booked to.
struct RunningStep {
    let id: StepID
    let attempt: Int64
    let epoch: Epoch
    let role: Role
    let model: String
    let isExploration: Bool
    let day: DayKey
    let episode: Int64
    let job: Int64
    let batch: Int64?
    let queue: String
    let submitterUID: UInt32

    /// nil where the step does not run, or no longer.
    static func load(_ id: StepID, _ database: Database) throws(StorageError) -> RunningStep? {
        try database.first(
            """
            SELECT step.attempt, step.epoch, step.role, step.model, step.is_exploration, step.day, step.episode,
                job.id AS job, job.batch, job.queue, job.submitter_uid
            FROM step JOIN episode ON episode.id = step.episode JOIN job ON job.id = episode.job
            WHERE step.id = ? AND step.state = 'running'
            """, id.number
        ) { (row: Row) throws(StorageError) in
            RunningStep(
                id: id, attempt: try row.integer("attempt"), epoch: Epoch(try row.integer("epoch")),
                role: try row.word("role"), model: try row.text("model"),
                isExploration: try row.flag("is_exploration"), day: try row.day("day"),
                episode: try row.integer("episode"), job: try row.integer("job"),
                batch: try row.optionalInteger("batch"), queue: try row.text("queue"),
                submitterUID: try row.uid("submitter_uid"))
        }
    }

    func belongs(to claim: Claim) -> Bool {
        job == claim.job.number && episode == claim.episode.number && attempt == claim.attempt && epoch == claim.epoch
    }

    /// Ends the step with what it really took, more than its reservation included: the books tell the truth.
    /// - Parameter confirmsDraft: DEEPTHINK wrote what QUICK had drafted; nil where there was no draft.
    func settle(
        _ generated: Generated, isComplete: Bool, confirmsDraft: Bool? = nil, _ database: Database, now: Timestamp
    ) throws(StorageError) {
        let generated = generated.withinMostOfStep
        let probabilities = generated.logProbabilities
        try database.run(
            """
            UPDATE step SET state = ?, ended_at_ms = ?, text = ?, stop_reason = ?, prompt_tokens = ?, cached_tokens = ?,
                generated_tokens = ?, gpu_ms = ?, logprob_minimum = ?, logprob_lower_quartile = ?, logprob_median = ?,
                logprob_mean = ?, confirms_draft = ?
            WHERE id = ?
            """, isComplete ? "written" : "abandoned", now.milliseconds, generated.text, generated.stopReason.rawValue,
            generated.promptTokens, generated.cachedTokens, generated.generatedTokens, generated.gpuMilliseconds,
            probabilities?.minimum, probabilities?.lowerQuartile, probabilities?.median, probabilities?.mean,
            confirmsDraft, id.number)
        try enter(
            isComplete ? .step : .abandoned, promptTokens: generated.promptTokens, cachedTokens: generated.cachedTokens,
            generatedTokens: generated.generatedTokens, gpuMilliseconds: generated.gpuMilliseconds, database, now: now)
        try closeReservation("settled", database)
    }

    /// Ends the step at its reservation's worst case, because nobody knows what it took. QUICK has no reservation and
    /// is not charged.
    func chargeBound(_ database: Database, now: Timestamp) throws(StorageError) {
        let bound = try database.first(
            "SELECT tokens, gpu_ms FROM reservation WHERE step = ? AND state = 'open'", id.number
        ) { (row: Row) throws(StorageError) in (tokens: try row.integer("tokens"), gpu: try row.integer("gpu_ms")) }
        guard let bound else { return try abandonUnused(database, now: now) }
        try database.run(
            "UPDATE step SET state = 'abandoned', ended_at_ms = ?, generated_tokens = ?, gpu_ms = ? WHERE id = ?",
            now.milliseconds, bound.tokens, bound.gpu, id.number)
        try enter(
            .bound, promptTokens: 0, cachedTokens: 0, generatedTokens: bound.tokens, gpuMilliseconds: bound.gpu,
            database, now: now)
        try closeReservation("settled", database)
    }

    /// Ends the step as one that used nothing.
    func abandonUnused(_ database: Database, now: Timestamp) throws(StorageError) {
        try database.run(
            "UPDATE step SET state = 'abandoned', ended_at_ms = ? WHERE id = ?", now.milliseconds, id.number)
        try closeReservation("released", database)
    }

    private func closeReservation(_ state: String, _ database: Database) throws(StorageError) {
        try database.run("UPDATE reservation SET state = ? WHERE step = ?", state, id.number)
        if database.changes > 0 { try wakeWaiting(database) }
    }

    /// How many of the jobs that wait for a reservation's end look again after one: more than one step can need of it.
    private static let wokenByReservation = 8

    /// Wakes the first jobs of the queue that only reservations kept from DEEPTHINK, the users in turn from the one after this
    /// step's on, or all of them after the queue's last reservation, since nothing would wake the rest.
    private func wakeWaiting(_ database: Database) throws(StorageError) {
        guard try database.hasOpenReservation(queue) else {
            return try database.run(
                """
                UPDATE job SET pending_reason = 'Priority', wake_at_ms = NULL
                WHERE queue = ? AND state = 'pending' AND pending_reason = 'BudgetExhausted'
                """, queue)
        }
        var user = Int64(submitterUID)
        for _ in 0..<Self.wokenByReservation {
            var next = try nextWaiting(after: user, database)
            if next == nil { next = try nextWaiting(after: -1, database) }
            guard let next else { return }
            try database.run("UPDATE job SET pending_reason = 'Priority', wake_at_ms = NULL WHERE id = ?", next.job)
            user = next.user
        }
    }

    /// The first job that waits for a reservation's end, of the first user after one.
    private func nextWaiting(
        after user: Int64, _ database: Database
    ) throws(StorageError) -> (job: Int64, user: Int64)? {
        try database.first(Store.nextWaitingSQL, queue, user) { (row: Row) throws(StorageError) in
            (job: try row.integer("id"), user: try row.integer("submitter_uid"))
        }
    }

    private func enter(
        _ kind: LedgerEntry.Kind, promptTokens: Int64, cachedTokens: Int64, generatedTokens: Int64,
        gpuMilliseconds: Int64, _ database: Database, now: Timestamp
    ) throws(StorageError) {
        var entry = LedgerEntry(
            sequence: 0, at: now, day: day, queue: queue, submitterUID: submitterUID, batch: batch, job: job,
            episode: episode, step: id.number, role: role, model: model, kind: kind, isExploration: isExploration,
            calls: 1, promptTokens: promptTokens, cachedTokens: cachedTokens, generatedTokens: generatedTokens,
            gpuMilliseconds: gpuMilliseconds)
        try entry.append(to: database)
    }
}

extension Database {
    /// Some running step of the queue has set something of its budget aside.
    func hasOpenReservation(_ queue: String) throws(StorageError) -> Bool {
        try count("SELECT EXISTS (SELECT 1 FROM reservation WHERE state = 'open' AND queue = ?) AS n", queue) == 1
    }
}
