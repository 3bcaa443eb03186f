import Domain

/// The ranges of what a submitter may say of a job, alone or on a batch line.
package enum SubmissionLimits {
    /// What an administrator may ask for.
    package static let priority: ClosedRange<Int64> = -1000...1000
    /// What everybody else may. Priorities order a user's own jobs: users of a queue take turns whatever theirs are.
    package static let memberPriority: ClosedRange<Int64> = -100...100
    package static let maxSteps: ClosedRange<Int64> = 1...10_000
    package static let maxAttempts: ClosedRange<Int64> = 1...1000
    /// Of one episode.
    package static let deepthinkCalls: ClosedRange<Int64> = 0...10_000
    /// A second's thousandth to a year.
    package static let timeLimitMilliseconds: ClosedRange<Int64> = 1...31_536_000_000
    /// The years 1970 to 9999, as RFC 3339 can write them: arithmetic on them never overflows.
    static let instants: ClosedRange<Int64> = 0...253_402_300_799_999
    /// In bytes of UTF-8.
    static let answerMarker = 1...64
    /// In bytes of UTF-8.
    static let idempotencyKey = 1...256
    /// A larger reward than any verifier's would drown all others in what is learnt.
    static let reward = -1000.0...1000.0

    /// - Throws: `.invalidArgument` for a number that is not in `range`; nil is.
    static func check(_ number: Int?, _ argument: String, in range: ClosedRange<Int64>) throws(ControlError) {
        guard let number, !range.contains(Int64(number)) else { return }
        throw outside(range, argument, value: String(number))
    }

    /// - Returns: what a caller with these rights may ask for.
    package static func priorities(for authority: Authority) -> ClosedRange<Int64> {
        authority >= .admin ? priority : memberPriority
    }

    /// - Throws: `.invalidArgument` for a priority that only administrators may ask for; nil is none.
    package static func check(priority: Int?, for authority: Authority) throws(ControlError) {
        guard let priority, !priorities(for: authority).contains(Int64(priority)) else { return }
        throw .invalidArgument(argument: "priority", value: String(priority), remedy: "use \(memberPriorityText)")
    }

    /// The range, and who may ask for more.
    package static let memberPriorityText =
        "a whole number from \(memberPriority.lowerBound) to \(memberPriority.upperBound); administrators may ask for"
        + " \(priority.lowerBound) to \(priority.upperBound)"

    static func check(timeLimitMilliseconds: Int64?) throws(ControlError) {
        guard let limit = timeLimitMilliseconds, !SubmissionLimits.timeLimitMilliseconds.contains(limit) else { return }
        throw .invalidArgument(
            argument: "timeLimitMilliseconds", value: String(limit), remedy: "use a time from 1 ms to 365 days")
    }

    static func check(afterOK: [JobID]?, afterAny: [JobID]?) throws(ControlError) {
        let count = (afterOK?.count ?? 0) + (afterAny?.count ?? 0)
        guard count > Need.limit else { return }
        throw .invalidArgument(
            argument: afterOK?.isEmpty ?? true ? "afterAny" : "afterOK", value: "\(count) jobs",
            remedy: "name at most \(Need.limit)")
    }

    static func check(_ instant: Timestamp?, _ argument: String) throws(ControlError) {
        guard let instant, !instants.contains(instant.milliseconds) else { return }
        throw outside(instants, argument, value: String(instant.milliseconds))
    }

    static func outside(_ range: ClosedRange<Int64>, _ argument: String, value: String) -> ControlError {
        .invalidArgument(
            argument: argument, value: value,
            remedy: "use a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
}

extension SubmitJob.Parameters {
    /// Checks every range; the verifier and the messages are the daemon's to check.
    /// - Throws: `.invalidArgument` that names the member, its value and its range.
    package func validate() throws(ControlError) {
        try SubmissionLimits.check(priority, "priority", in: SubmissionLimits.priority)
        try specification.checkEnvironment()
        try SubmissionLimits.check(specification.maxSteps, "maxSteps", in: SubmissionLimits.maxSteps)
        try SubmissionLimits.check(maxAttempts, "maxAttempts", in: SubmissionLimits.maxAttempts)
        try SubmissionLimits.check(deepthinkCalls, "deepthinkCalls", in: SubmissionLimits.deepthinkCalls)
        try SubmissionLimits.check(timeLimitMilliseconds: timeLimitMilliseconds)
        try SubmissionLimits.check(afterOK: afterOK, afterAny: afterAny)
        try SubmissionLimits.check(notBefore, "notBefore")
        try SubmissionLimits.check(deadline, "deadline")
        if let key = idempotencyKey, !SubmissionLimits.idempotencyKey.contains(key.utf8.count) {
            throw .invalidArgument(
                argument: "idempotencyKey", value: key, remedy: "use a text of 1 to 256 bytes")
        }
        if let marker = specification.answerMarker, !SubmissionLimits.answerMarker.contains(marker.utf8.count) {
            throw .invalidArgument(
                argument: "answerMarker", value: marker, remedy: "use a text of 1 to 64 bytes such as \"Answer:\"")
        }
    }
}

extension JobSpecification {
    /// - Throws: `.invalidArgument` where an environment's seed or options are out of range, or stand beside what only
    ///   reasoning jobs have.
    func checkEnvironment() throws(ControlError) {
        guard let request = environment else { return }
        if let seed = request.seed, !EnvironmentRequest.seeds.contains(seed) {
            throw SubmissionLimits.outside(EnvironmentRequest.seeds, "seed", value: String(seed))
        }
        guard request.optionByteCount <= EnvironmentRequest.optionByteLimit else {
            throw .invalidArgument(
                argument: "option", value: "\(request.optionByteCount) bytes",
                remedy: "all options together have at most \(EnvironmentRequest.optionByteLimit)")
        }
        guard messages.isEmpty, verifier == nil, answerMarker == nil else {
            throw .invalidArgument(
                argument: "environment", value: request.name,
                remedy: "leave messages, verifier and answer marker out: the environment says what to do and judges it")
        }
    }
}

extension BeginBatch.Parameters {
    /// - Throws: `.invalidArgument` where the priority is out of range.
    package func validate() throws(ControlError) {
        try SubmissionLimits.check(priority, "priority", in: SubmissionLimits.priority)
        try SubmissionLimits.check(timeLimitMilliseconds: timeLimitMilliseconds)
        try SubmissionLimits.check(afterOK: afterOK, afterAny: afterAny)
    }
}

extension Retry.Parameters {
    /// - Throws: `.invalidArgument` where the deadline is out of range.
    package func validate() throws(ControlError) { try SubmissionLimits.check(deadline, "deadline") }
}

extension Prune.Parameters {
    /// - Throws: `.invalidArgument` where the instant is out of range.
    package func validate() throws(ControlError) { try SubmissionLimits.check(before, "before") }
}

extension Feedback.Parameters {
    /// - Throws: `.invalidArgument` where the reward is out of range.
    package func validate() throws(ControlError) {
        guard SubmissionLimits.reward.contains(reward) else {
            throw .invalidArgument(argument: "reward", value: "\(reward)", remedy: "use a number from -1000 to 1000")
        }
    }
}
