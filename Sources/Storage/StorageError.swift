package import Domain
package import SQLite

/// Everything that can go wrong with the state. Not errors: a masked or spent budget, a job that was cancelled, a claim
/// that a later one has overtaken; those are answers of the functions concerned.
package enum StorageError: Error, Equatable {
    /// Another londid holds the state directory; its process id where the lock file tells it.
    case inUse(path: String, processID: Int32?)
    /// A system call on a path of the state directory failed with this errno.
    case directory(path: String, operation: String, errno: Int32)
    /// Others than the owner may write into the state directory.
    case insecureDirectory(path: String, mode: UInt32)
    /// The database has migrations that this londid does not know.
    case newerSchema(path: String, found: String, known: String)
    /// An applied migration is not the one this londid has under that name.
    case changedMigration(path: String, name: String)
    /// The file is no database, or a damaged one, or not londid's.
    case corrupt(path: String, reason: String)
    /// The database is missing or empty, and something beside it tells of one that was there.
    case lost(path: String, reason: String)
    /// The database is older than what was noted beside it.
    case outdated(path: String, reason: String)
    /// The database or its log has another name, under which another londid could use it.
    case linked(path: String, reason: String, remedy: String)
    /// A file of the state was moved, replaced or removed while londid ran.
    case moved(path: String, reason: String)
    /// The file system has no room left.
    case diskFull(path: String)
    /// Reading or writing failed in a way that may pass: an I/O error, a quota, a file system that became read-only.
    case fault(path: String, reason: String)
    /// A sync failed, so that nobody knows what is on the disk: the process must end, and its next start recovers.
    case syncFailed(path: String, reason: String)
    /// A backup that cannot be restored as it is.
    case unsoundBackup(path: String, reason: String)
    /// SQLite refused a statement.
    case database(path: String, cause: SQLiteError)
    /// Whoever asked for a long reading has gone.
    case cancelled
    /// A stored value means nothing to this londid.
    case badValue(path: String, column: String, value: String)

    case noSuchQueue(QueueName)
    case queueExists(QueueName)
    /// The queue takes no new jobs.
    case queueDraining(QueueName)
    case invalidSettings(queue: QueueName, complaint: String)
    /// Only a limited unit can have more granted.
    case nothingToGrant(queue: QueueName, unit: BudgetUnit)
    /// A grant's amount or days are none that a queue can have.
    case invalidGrant(queue: QueueName, argument: String, value: String, remedy: String)
    /// The queue is on no later day than this, the clock's.
    case notAhead(queue: QueueName, day: DayKey)
    case noSuchBatch(BatchID)
    /// Jobs can only be appended to a batch that is still validated.
    case batchNotOpen(BatchID, state: BatchState)
    case emptyBatch(BatchID)
    case duplicateCustomID(String, firstLine: Int64, line: Int64)
    /// The user gave this key to another job before.
    case idempotencyKeyInUse(String, job: JobID)
    case noSuchJob(JobID)
    /// A job of a batch needs an earlier line of it that there is not.
    case noSuchLine(customID: String)
    /// Too much is needed by one job, or named by one request.
    case tooMany(what: String, limit: Int)
    /// What was asked for does not go with the state that the job is in; `remedy` says what does.
    case jobNotRetryable(JobID, complaint: String, remedy: String)
    /// Feedback is for completed jobs.
    case jobNotCompleted(JobID, state: JobState)
    /// A reward must be a finite number.
    case rewardOutOfRange(JobID)
    /// The queue's range of rewards has not this one.
    case rewardOutsideQueue(JobID, reward: Double, queue: QueueName, rewards: ClosedRange<Double>)
    /// The stored weights do not have the stored hash.
    case damagedPolicy(queue: QueueName, version: Int64)
    /// Another version was kept first: the policy must be made anew under the next number.
    case policyVersionTaken(queue: QueueName, version: Int64)
    /// The queue has no such version, or its weights went at that time.
    case noSuchPolicy(queue: QueueName, version: Int64, prunedAt: Timestamp?)
    /// No other version was in force before that is still kept.
    case noEarlierPolicy(QueueName)
    case policyFrozen(QueueName)
    case policyNotFrozen(QueueName)
}

extension StorageError {
    /// Nothing was written, and the same may succeed later: what waits to be recorded is held until then.
    package var isPassing: Bool {
        switch self {
        case .diskFull, .fault: true
        default: false
        }
    }

    /// The state must not be used any more by this process.
    package var isFatal: Bool {
        switch self {
        case .syncFailed, .corrupt, .moved: true
        default: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inUse(let path, let processID):
            let holder = processID.map { "process \($0)" } ?? "another process"
            return
                "the state directory \(path) is in use by \(holder): stop that londid, or give this one its own"
        case .directory(let path, let operation, let errno):
            return "cannot \(operation) \(path): \(errorText(errno)); check the path, its owner and its permissions"
        case .insecureDirectory(let path, let mode):
            return "the state directory \(path) has mode \(String(mode, radix: 8)), so others could change the ledger: "
                + "run chmod 700 \(path)"
        case .newerSchema(let path, let found, let known):
            return "\(path) was written by a newer londid: it has migration \(found), this one knows up to \(known); "
                + "install that version again, or restore the backup made before its first start"
        case .changedMigration(let path, let name):
            return "\(path) was made with another text of migration \(name) than this londid has: "
                + "install the londid that made it"
        case .corrupt(let path, let reason):
            return
                "\(path) is damaged or no londid database (\(reason)): it was left as it is; restore a backup with "
                + "londid --restore FILE, which keeps this one beside it"
        case .lost(let path, let reason):
            return
                "\(path) \(reason): no new state was made. Put it back with its log, or restore a backup with londid "
                + "--restore FILE; to begin anew on purpose, move everything in its directory away"
        case .outdated(let path, let reason):
            return
                "\(path) is older than what londid noted beside it: \(reason). Put the newer one back with its log, or "
                + "restore a backup with londid --restore FILE; londid --accept-state goes on with this one, and "
                + "records that what is missing is lost"
        case .linked(let path, let reason, let remedy): return "\(path) \(reason): \(remedy)"
        case .moved(let path, let reason):
            return
                "\(path) is not the file any more that londid opened (\(reason)): londid stops, and nothing was "
                + "acknowledged since"
        case .fault(let path, let reason):
            return "\(path) cannot be read or written (\(reason)): check the file system and its disk; "
                + "londid goes on by itself"
        case .syncFailed(let path, let reason):
            return
                "\(path) cannot be synced (\(reason)), so what is on the disk is unknown: londid stops, and its next "
                + "start recovers; check the disk first"
        case .diskFull(let path): return "no space is left to write \(path): free some; londid goes on by itself"
        case .unsoundBackup(let path, let reason):
            return "\(path) cannot be restored: \(reason); nothing was changed"
        case .database(let path, let cause): return "\(path): \(cause)"
        case .cancelled: return "cut off: whoever asked for it has gone"
        case .badValue(let path, let column, let value):
            return "\(path): column \(column) holds \(value), which this londid cannot read: run londictl audit verify"
        default: return requestDescription
        }
    }

    private var requestDescription: String {
        switch self {
        case .noSuchQueue(let name): "there is no queue \(name): see londictl queue list, or create it"
        case .queueExists(let name): "queue \(name) exists already: change it with londictl queue set"
        case .queueDraining(let name):
            "queue \(name) is draining and takes no new jobs: use another queue, or londictl queue resume \(name)"
        case .invalidSettings(let queue, let complaint): "queue \(queue): \(complaint)"
        case .nothingToGrant(let queue, let unit):
            "queue \(queue) has no limit in \(unit.rawValue): set one with londictl queue set, then grant more"
        case .invalidGrant(let queue, let argument, let value, let remedy):
            "queue \(queue): a grant with \(argument) \(value) is none: \(remedy)"
        case .notAhead(let queue, let day):
            "queue \(queue) is on no later day than the clock's, \(day): there is nothing to set right"
        case .noSuchBatch(let batch): "there is no batch \(batch): see londictl list"
        case .batchNotOpen(let batch, let state):
            "batch \(batch) is \(state.rawValue) and takes no more jobs: submit a new one"
        case .emptyBatch(let batch): "batch \(batch) has no jobs: a batch file needs at least one line"
        case .duplicateCustomID(let id, let first, let line):
            "line \(line): custom_id '\(id)' is already that of line \(first): give each line its own"
        case .idempotencyKeyInUse(let key, let job):
            "idempotency key '\(key)' is that of job \(job): use another key, or look at that job"
        case .noSuchJob(let job): "there is no job \(job): see londictl list"
        case .noSuchLine(let customID):
            "no earlier line has the custom_id '\(customID)': name one that stands before, or a job's number"
        case .tooMany(let what, let limit): "\(what): there may be at most \(limit)"
        case .jobNotRetryable(let job, let complaint, let remedy): "job \(job) \(complaint): \(remedy)"
        case .jobNotCompleted(let job, let state):
            "job \(job) is \(state.rawValue) and takes no feedback: only completed jobs do"
        case .rewardOutsideQueue(let job, let reward, let queue, let rewards):
            "the reward for job \(job) must be \(rewards.lowerBound) to \(rewards.upperBound), the range of queue \(queue), "
                + "not \(reward)"
        case .rewardOutOfRange(let job): "the reward for job \(job) is not within -1000 to 1000: give one such as 0.5"
        case .damagedPolicy(let queue, let version):
            "the weights of policy \(version) of queue \(queue) do not have their hash: run londictl audit verify"
        case .policyVersionTaken(let queue, let version):
            "queue \(queue) has a policy \(version) already, kept a moment ago: try again"
        case .noSuchPolicy(let queue, let version, let prunedAt):
            prunedAt == nil
                ? "queue \(queue) has no policy \(version): see londictl policy versions \(queue)"
                : "the weights of policy \(version) of queue \(queue) are gone, a queue keeps "
                    + "\(Store.mostPolicyVersions) versions, ever fewer of old ones: see londictl policy versions \(queue)"
        case .noEarlierPolicy(let queue):
            "queue \(queue) has no earlier policy to go back to: see londictl policy versions \(queue)"
        case .policyFrozen(let queue):
            "the policy of queue \(queue) is frozen already: londictl policy thaw \(queue) ends that"
        case .policyNotFrozen(let queue): "the policy of queue \(queue) is not frozen: there is nothing to thaw"
        default: preconditionFailure("described above")
        }
    }
}
