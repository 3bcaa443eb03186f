/// By what spend is summed up.
package enum SpendGroup: String, Codable, Sendable, CaseIterable {
    case queue
    case day
    case user
    case model
    case batch
}

/// What one group spent, as the ledger says; the members by which was grouped are set.
package struct SpendRow: Hashable, Codable, Sendable {
    package var queue: QueueName?
    package var day: DayKey?
    package var user: String?
    package var model: String?
    /// nil for jobs submitted alone too.
    package var batch: BatchID?
    /// Different jobs with an entry.
    package var jobs: Int
    package var quick: Spend
    package var deepthink: Spend

    package init(
        queue: QueueName? = nil, day: DayKey? = nil, user: String? = nil, model: String? = nil, batch: BatchID? = nil,
        jobs: Int, quick: Spend, deepthink: Spend
    ) {
        self.queue = queue
        self.day = day
        self.user = user
        self.model = model
        self.batch = batch
        self.jobs = jobs
        self.quick = quick
        self.deepthink = deepthink
    }
}
