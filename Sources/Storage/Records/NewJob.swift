package import Domain

/// A job as its submitter hands it in.
package struct NewJob: Hashable, Sendable {
    /// The line of the batch file, from 1; nil for a job submitted alone.
    package var line: Int64?
    /// Unique within its batch.
    package var customID: String?
    /// `JobSpecification` as JSON, stored as is.
    package var specification: String
    /// Higher is claimed first.
    package var priority: Int64
    /// Not claimed before.
    package var notBefore: Timestamp?
    /// A job that has not ended by then ends as `timeout`.
    package var deadline: Timestamp?
    /// The same user's same key is the same job.
    package var idempotencyKey: String?
    /// nil: the queue's.
    package var maxAttempts: Int?
    /// The most DEEPTHINK calls of one episode, >= 0; the queue's limit holds too. nil is no limit of its own.
    package var deepthinkCalls: Int?
    /// The most wall time of one attempt, from its claim to its end; nil is no limit.
    package var timeLimitMilliseconds: Int64?
    /// The jobs that must end before it runs.
    package var needs: [Need]

    package init(
        line: Int64? = nil, customID: String? = nil, specification: String, priority: Int64 = 0,
        notBefore: Timestamp? = nil, deadline: Timestamp? = nil, idempotencyKey: String? = nil, maxAttempts: Int? = nil,
        deepthinkCalls: Int? = nil, timeLimitMilliseconds: Int64? = nil, needs: [Need] = []
    ) {
        self.line = line
        self.customID = customID
        self.specification = specification
        self.priority = priority
        self.notBefore = notBefore
        self.deadline = deadline
        self.idempotencyKey = idempotencyKey
        self.maxAttempts = maxAttempts
        self.deepthinkCalls = deepthinkCalls
        self.timeLimitMilliseconds = timeLimitMilliseconds
        self.needs = needs
    }
}
