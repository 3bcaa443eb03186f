package import Domain

/// What the jobs came to that ended on one day of a queue.
package struct JobDay: Hashable, Codable, Sendable {
    package var queue: QueueName
    package var day: DayKey
    package var completed = 0
    package var failed = 0
    package var cancelled = 0
    package var timeout = 0
    /// Those with a reward, and its mean.
    package var judged = 0
    package var meanReward: Double?

    package init(queue: QueueName, day: DayKey) {
        self.queue = queue
        self.day = day
    }

    /// The number of jobs that ended so.
    package subscript(state: JobState) -> Int {
        get {
            switch state {
            case .completed: completed
            case .failed: failed
            case .cancelled: cancelled
            case .timeout: timeout
            case .pending, .held, .running: 0
            }
        }
        set {
            switch state {
            case .completed: completed = newValue
            case .failed: failed = newValue
            case .cancelled: cancelled = newValue
            case .timeout: timeout = newValue
            case .pending, .held, .running: break
            }
        }
    }
}

/// How some judged jobs of a queue did that ended one after the other.
package struct LearningPoint: Hashable, Codable, Sendable {
    package var queue: QueueName
    /// How many judged jobs of the window had ended when the last of them did.
    package var jobs: Int
    package var endedAt: Timestamp
    package var meanReward: Double
    /// DEEPTHINK's share of their steps, 0 to 1.
    package var deepthinkShare: Double

    package init(
        queue: QueueName, jobs: Int, endedAt: Timestamp, meanReward: Double, deepthinkShare: Double
    ) {
        self.queue = queue
        self.jobs = jobs
        self.endedAt = endedAt
        self.meanReward = meanReward
        self.deepthinkShare = deepthinkShare
    }
}

/// What the jobs came to that ended on some days. Members see their own.
package enum ReportJobs: ControlMethod {
    package static let name = "io.londi.ReportJobs"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        /// The first day.
        package var from: DayKey
        /// The last day; null: no end.
        package var to: DayKey?
        package var queue: QueueName?

        package init(from: DayKey, to: DayKey? = nil, queue: QueueName? = nil) {
            self.from = from
            self.to = to
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Those with jobs, by queue and day.
        package var days: [JobDay]
        /// For each queue at most 40 equal parts of its judged jobs, each of 5 or more, oldest first.
        package var learning: [LearningPoint]
        /// The jobs that took most of DEEPTHINK's GPU time, at most 10, the dearest first.
        package var dearest: [JobID]

        package init(days: [JobDay], learning: [LearningPoint], dearest: [JobID]) {
            self.days = days
            self.learning = learning
            self.dearest = dearest
        }
    }
}
