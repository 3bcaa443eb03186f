package import Domain

/// A batch and how far it is.
package struct BatchView: Hashable, Codable, Sendable {
    package var batch: BatchID
    package var queue: QueueName
    package var user: String
    package var fileName: String?
    /// validating, ready or abandoned.
    package var state: BatchState
    package var jobs: JobCounts
    package var quickSpend: Spend
    package var deepthinkSpend: Spend
    package var meanReward: Double?
    package var createdAt: Timestamp
    /// When its last job ended.
    package var endedAt: Timestamp?

    package init(
        batch: BatchID, queue: QueueName, user: String, fileName: String? = nil, state: BatchState, jobs: JobCounts,
        quickSpend: Spend, deepthinkSpend: Spend, meanReward: Double? = nil, createdAt: Timestamp,
        endedAt: Timestamp? = nil
    ) {
        self.batch = batch
        self.queue = queue
        self.user = user
        self.fileName = fileName
        self.state = state
        self.jobs = jobs
        self.quickSpend = quickSpend
        self.deepthinkSpend = deepthinkSpend
        self.meanReward = meanReward
        self.createdAt = createdAt
        self.endedAt = endedAt
    }
}

/// Batches, newest first.
package enum ListBatches: ControlMethod {
    package static let name = "io.londi.ListBatches"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName?
        package var limit: Int?

        package init(queue: QueueName? = nil, limit: Int? = nil) {
            self.queue = queue
            self.limit = limit
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var batches: [BatchView]

        package init(batches: [BatchView]) {
            self.batches = batches
        }
    }
}

/// One batch.
package enum ShowBatch: ControlMethod {
    package static let name = "io.londi.ShowBatch"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID

        package init(batch: BatchID) {
            self.batch = batch
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var batch: BatchView

        package init(batch: BatchView) {
            self.batch = batch
        }
    }
}

/// How far a batch, a job or what a queue has left is; exactly one is named. With more: a reply on every change until
/// all ended; without: one reply when all ended. Of a queue only jobs that have not ended are counted.
package enum Wait: ControlMethod {
    package static let name = "io.londi.Wait"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID?
        package var job: JobID?
        package var queue: QueueName?

        package init(batch: BatchID? = nil, job: JobID? = nil, queue: QueueName? = nil) {
            self.batch = batch
            self.job = job
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var counts: JobCounts
        package var total: Int
        /// What its queue has left today.
        package var budget: BudgetView?
        package var finished: Bool
        /// Why the one job failed, as `JobView.faultCode`; null for more jobs than one.
        package var faultCode: String?

        package init(
            counts: JobCounts, total: Int, budget: BudgetView? = nil, finished: Bool, faultCode: String? = nil
        ) {
            self.counts = counts
            self.total = total
            self.budget = budget
            self.finished = finished
            self.faultCode = faultCode
        }
    }
}

/// Which of OpenAI's two result files a line belongs to.
package enum ResultKind: String, Codable, Sendable, CaseIterable {
    case output
    case error
}

/// One job's result.
package struct ResultLine: Hashable, Codable, Sendable {
    package var job: JobID
    /// output or error.
    package var kind: ResultKind
    /// A job that was retried ends again, and its result comes again.
    package var endedAt: Timestamp
    /// One line in the shape of OpenAI's batch output, without its newline.
    package var line: String
    /// What is wrong with the job's stored request; nil where it is what was submitted.
    package var damage: String?

    package init(job: JobID, kind: ResultKind, endedAt: Timestamp, line: String, damage: String? = nil) {
        self.damage = damage
        self.job = job
        self.kind = kind
        self.endedAt = endedAt
        self.line = line
    }
}

/// The results of a batch in the order of the file, those of jobs that end later as they come.
package enum Results: ControlMethod {
    package static let name = "io.londi.Results"
    package static let needs = Authority.member
    package static let requiresMore = true

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID
        /// true: goes on until all jobs ended; false: what is there now.
        package var follow: Bool

        package init(batch: BatchID, follow: Bool) {
            self.batch = batch
            self.follow = follow
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var lines: [ResultLine]

        package init(lines: [ResultLine]) {
            self.lines = lines
        }
    }
}
