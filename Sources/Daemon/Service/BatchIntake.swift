package import Control
package import Domain
package import Environments
package import Episodes
import Hashing
package import Storage

/// Batches whose lines are coming in: checks every line before anything is queued.
package actor BatchIntake {
    /// How many batches may be open at once, and of those one user's.
    private static let openLimit = 64
    static let openLimitOfUser = 32

    private struct OpenBatch {
        var submitter: User
        /// Its end is the batch's end.
        var connection: ConnectionID
        let context: LineCheck.Context
        /// Lines may need everybody's jobs.
        var seesAllJobs: Bool
        var nextLine = 1
        var hasErrors = false
        /// Lines are being checked.
        var isAppending = false
        /// The storing of the last good lines, which goes on while the next ones come; its failure is told with theirs.
        var storing: Task<StorageError?, Never>?
        let hash = SHA256()
    }

    let store: Store
    private let check: LineCheck
    private let clock: WallClock
    private var open: [BatchID: OpenBatch] = [:]
    /// Batches that could not be dropped for a reason that passes.
    var undropped: Set<BatchID> = []
    /// Tells of batches that were dropped, or are to be.
    let drops = ChangeBoard()

    /// - Parameter tooLarge: why a job's prompt fits into no context; nil where it may.
    package init(
        store: Store, judge: Judge, environments: EnvironmentPool = EnvironmentPool([], limit: 0), clock: WallClock,
        tooLarge: @escaping @Sendable (JobSpecification) -> String? = { _ in nil }
    ) {
        self.store = store
        check = LineCheck(judge: judge, environments: environments, tooLarge: tooLarge)
        self.clock = clock
    }

    /// Opens a batch, which stays open as long as the connection, however long nothing comes.
    package func begin(
        queue: QueueName, submitter: User, fileName: String?, priority: Int, connection: ConnectionID,
        timeLimitMilliseconds: Int64? = nil, needs: [Need] = [], seesAllJobs: Bool = false,
        priorities: ClosedRange<Int64> = SubmissionLimits.priority
    ) async throws(ControlError) -> BatchID {
        let now = clock.now()
        guard open.count < Self.openLimit else {
            throw .unavailable(what: "\(Self.openLimit) batches are being submitted already; try again later")
        }
        guard open.values.count(where: { $0.submitter.uid == submitter.uid }) < Self.openLimitOfUser else {
            throw .unavailable(
                what: "you are submitting \(Self.openLimitOfUser) batches already, the limit; await the end of one")
        }
        let batch = try await answering { () async throws(StorageError) in
            try await store.beginBatch(queue: queue, submitter: submitter, fileName: fileName, now: now)
        }
        open[batch] = OpenBatch(
            submitter: submitter, connection: connection,
            context: .init(
                priority: priority, priorities: priorities, timeLimitMilliseconds: timeLimitMilliseconds, needs: needs),
            seesAllJobs: seesAllJobs)
        return batch
    }

    /// Checks lines and begins to stage the good ones, as long as all were good. Where staging them fails, the next call
    /// or the commit says so.
    package func append(
        _ lines: [String], from firstLine: Int, to batch: BatchID, by user: User
    ) async throws(ControlError) -> AppendLines.Reply {
        var state = try openBatch(batch, by: user)
        guard !state.isAppending, firstLine == state.nextLine else {
            throw .invalidArgument(
                argument: "firstLine", value: String(firstLine), remedy: "the next line is \(state.nextLine)")
        }
        for line in lines {
            state.hash.update(line)
            state.hash.update("\n")
        }
        state.nextLine += lines.count
        state.isAppending = true
        // Kept before anything is awaited: a second call for the same batch must see these lines as taken.
        open[batch] = state
        defer { open[batch]?.isAppending = false }
        var (jobs, errors): ([NewJob], [LineError])
        do throws(ControlError) {
            (jobs, errors) = try await check.jobs(of: lines, from: firstLine, in: state.context, of: user)
            errors += try await unknownNeeds(of: jobs, in: state)
        } catch {
            // These lines count as taken, so the batch must not be accepted without them.
            open[batch]?.hasErrors = true
            throw error
        }
        guard !state.hasErrors, errors.isEmpty else {
            open[batch]?.hasErrors = true
            return AppendLines.Reply(accepted: 0, errors: errors.sorted { $0.line < $1.line })
        }
        if let failure = await state.storing?.value {
            open[batch]?.hasErrors = true
            throw ControlError(failure)
        }
        open[batch]?.storing = stage(jobs, in: batch)
        return AppendLines.Reply(accepted: jobs.count, errors: [])
    }

    /// Not on this actor, which checks the next lines meanwhile.
    private nonisolated func stage(_ jobs: [NewJob], in batch: BatchID) -> Task<StorageError?, Never> {
        let now = clock.now()
        return Task { @concurrent [store] in
            do throws(StorageError) {
                try await store.appendJobs(jobs, to: batch, now: now)
                return nil
            } catch { return error }
        }
    }

    /// Queues every line of a batch, durably, where its digest is that of the lines that came.
    package func commit(
        _ batch: BatchID, sha256: String, allowDuplicate: Bool, by user: User
    ) async throws(ControlError) -> BatchCommit {
        let state = try openBatch(batch, by: user)
        guard !state.isAppending else {
            throw .conflict(what: "lines of batch \(batch) are still being checked", remedy: "await their reply first")
        }
        guard !state.hasErrors else {
            throw .conflict(what: "batch \(batch) has invalid lines", remedy: "correct them and submit the file again")
        }
        open[batch] = nil
        if let failure = await state.storing?.value {
            await dropQuietly(batch)
            throw ControlError(failure)
        }
        let digest = hexadecimal(state.hash.finish())
        guard digest == sha256.lowercased() else {
            try await drop(batch)
            throw .conflict(
                what: "the lines received have SHA-256 \(digest), not \(sha256)", remedy: "submit the file again")
        }
        do throws(ControlError) {
            let commit = try await answering { () async throws(StorageError) in
                try await store.commitBatch(batch, sha256: digest, allowDuplicate: allowDuplicate, now: clock.now())
            }
            if commit.isDuplicate { drops.post() }
            return commit
        } catch {
            await dropQuietly(batch)
            throw error
        }
    }

    func abandon(_ batch: BatchID, by user: User) async throws(ControlError) {
        _ = try openBatch(batch, by: user)
        open[batch] = nil
        try await drop(batch)
    }

    /// Abandons the batches that a connection opened and left open.
    func connectionClosed(_ connection: ConnectionID) async {
        for batch in open.filter({ $0.value.connection == connection }).keys {
            open[batch] = nil
            await dropQuietly(batch)
        }
    }

    /// Drops a batch for whose client that is not what matters.
    private func dropQuietly(_ batch: BatchID) async {
        do throws(ControlError) { try await drop(batch) } catch {
            // Nothing of it is queued, and it goes as soon as it can.
            undropped.insert(batch)
            drops.post()
        }
    }

    private func drop(_ batch: BatchID) async throws(ControlError) {
        try await answering { () async throws(StorageError) in try await store.abandonBatch(batch) }
        drops.post()
    }

    private func openBatch(_ batch: BatchID, by user: User) throws(ControlError) -> OpenBatch {
        guard let state = open[batch], state.submitter.uid == user.uid else {
            throw .notFound(kind: "open batch", name: batch.description)
        }
        return state
    }

    /// The lines that need a job which is not there, or not the submitter's.
    private func unknownNeeds(of jobs: [NewJob], in batch: OpenBatch) async throws(ControlError) -> [LineError] {
        // The batch's own were looked at when it began.
        let shared = Set(Need.jobs(of: batch.context.needs))
        let named = Set(jobs.flatMap { Need.jobs(of: $0.needs) }).subtracting(shared)
        guard !named.isEmpty else { return [] }
        let uid = batch.seesAllJobs ? nil : batch.submitter.uid
        let unknown = Set(
            try await answering { () async throws(StorageError) in
                try await store.unknownNeeds(named.sorted(), of: uid)
            })
        return jobs.compactMap { job in
            guard let missing = Need.jobs(of: job.needs).first(where: { unknown.contains($0) }) else { return nil }
            return LineError(
                line: Int(job.line ?? 0), message: "londi names job \(missing) to wait for, and there is no such job")
        }
    }
}
