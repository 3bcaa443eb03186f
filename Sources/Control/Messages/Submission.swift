package import Domain

/// What is wrong with one line of a batch file.
package struct LineError: Hashable, Codable, Sendable {
    /// 1 is the file's first line.
    package var line: Int
    package var message: String

    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }
}

/// Queues one job. Errors: NotFound (queue, job), InvalidArgument, StorageFull.
package enum SubmitJob: ControlMethod {
    package static let name = "io.londi.SubmitJob"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        package var specification: JobSpecification
        /// -1000 to 1000, higher first; null is 0.
        package var priority: Int?
        package var notBefore: Timestamp?
        package var deadline: Timestamp?
        /// 1 to 256 bytes. The same user's same key gives the first job again.
        package var idempotencyKey: String?
        /// So many faults of its own end it, 1 to 1000; null: the queue's number.
        package var maxAttempts: Int?
        /// The most DEEPTHINK calls of one episode, 0 to 10000; the queue's limit holds too.
        package var deepthinkCalls: Int?
        /// The most time of one attempt.
        package var timeLimitMilliseconds: Int64?
        /// Jobs that must complete before this one runs, and jobs that must end.
        package var afterOK: [JobID]?
        package var afterAny: [JobID]?

        package init(
            queue: QueueName, specification: JobSpecification, priority: Int? = nil, notBefore: Timestamp? = nil,
            deadline: Timestamp? = nil, idempotencyKey: String? = nil, maxAttempts: Int? = nil,
            deepthinkCalls: Int? = nil, timeLimitMilliseconds: Int64? = nil, afterOK: [JobID]? = nil,
            afterAny: [JobID]? = nil
        ) {
            self.queue = queue
            self.specification = specification
            self.priority = priority
            self.notBefore = notBefore
            self.deadline = deadline
            self.idempotencyKey = idempotencyKey
            self.maxAttempts = maxAttempts
            self.deepthinkCalls = deepthinkCalls
            self.timeLimitMilliseconds = timeLimitMilliseconds
            self.afterOK = afterOK
            self.afterAny = afterAny
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var job: JobID
        package var batch: BatchID?
        /// The job was already there, by its idempotency key.
        package var duplicate: Bool

        package init(job: JobID, batch: BatchID? = nil, duplicate: Bool) {
            self.job = job
            self.batch = batch
            self.duplicate = duplicate
        }
    }
}

/// Opens a batch for the lines of one file. Nothing runs before CommitBatch. The open batch ends with the connection
/// that opened it.
package enum BeginBatch: ControlMethod {
    package static let name = "io.londi.BeginBatch"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// For people only; the daemon opens no file.
        package var fileName: String?
        /// -1000 to 1000, for lines that name none.
        package var priority: Int?
        /// For lines that name none.
        package var timeLimitMilliseconds: Int64?
        /// What every line needs beside its own, as SubmitJob.
        package var afterOK: [JobID]?
        package var afterAny: [JobID]?

        package init(
            queue: QueueName, fileName: String? = nil, priority: Int? = nil, timeLimitMilliseconds: Int64? = nil,
            afterOK: [JobID]? = nil, afterAny: [JobID]? = nil
        ) {
            self.queue = queue
            self.fileName = fileName
            self.priority = priority
            self.timeLimitMilliseconds = timeLimitMilliseconds
            self.afterOK = afterOK
            self.afterAny = afterAny
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var batch: BatchID

        package init(batch: BatchID) {
            self.batch = batch
        }
    }
}

/// Checks and stores the next lines of an open batch, blank ones as empty texts. After the first invalid line the
/// batch can only be abandoned; further lines are still checked. Lines are stored while the next call's are checked:
/// that or CommitBatch tells where it failed.
package enum AppendLines: ControlMethod {
    package static let name = "io.londi.AppendLines"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID
        /// The number of the first of `lines`; 1 is the file's first line.
        package var firstLine: Int
        /// OpenAI batch lines, without their newlines.
        package var lines: [String]

        package init(batch: BatchID, firstLine: Int, lines: [String]) {
            self.batch = batch
            self.firstLine = firstLine
            self.lines = lines
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Lines taken, blank ones left out.
        package var accepted: Int
        /// Every invalid line of this call.
        package var errors: [LineError]

        package init(accepted: Int, errors: [LineError]) {
            self.accepted = accepted
            self.errors = errors
        }
    }
}

/// Queues every line of an open batch at once. Errors: NotFound, InvalidLine, Conflict where the digest is not that
/// of the lines received.
package enum CommitBatch: ControlMethod {
    package static let name = "io.londi.CommitBatch"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID
        /// Of all lines as sent, each followed by a newline; 64 hexadecimal digits.
        package var sha256: String
        /// false: where the same user queued the same lines before, that batch is the answer.
        package var allowDuplicate: Bool

        package init(batch: BatchID, sha256: String, allowDuplicate: Bool) {
            self.batch = batch
            self.sha256 = sha256
            self.allowDuplicate = allowDuplicate
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var batch: BatchID
        package var jobCount: Int
        package var duplicate: Bool

        package init(batch: BatchID, jobCount: Int, duplicate: Bool) {
            self.batch = batch
            self.jobCount = jobCount
            self.duplicate = duplicate
        }
    }
}

/// Forgets an open batch and its lines.
package enum AbandonBatch: ControlMethod {
    package static let name = "io.londi.AbandonBatch"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var batch: BatchID

        package init(batch: BatchID) {
            self.batch = batch
        }
    }

    package typealias Reply = NoFields
}
