import Domain
import Storage
import Synchronization

/// Claims jobs whenever a worker is free, both models are ready and the daemon is not going down. Woken by changes and by
/// the next instant at which a parked job is due; nothing polls.
final class JobWorkers: Sendable {
    private let environment: JobRun.Environment
    private let limit: Int
    /// The tasks of the running claims.
    private let running = Mutex<[Claim: Task<Void, Never>]>([:])
    /// The arrivals of models after which the jobs that waited for one were woken.
    private let wokenArrivals = Atomic<Int>(0)
    /// How often `run` has looked for work: it stands still where the loop does.
    private let roundCount = Atomic<Int>(0)
    /// What ended the workers, where something did.
    private let failure = Mutex<(any Error)?>(nil)

    init(environment: JobRun.Environment, limit: Int) {
        self.environment = environment
        self.limit = limit
    }

    var rounds: Int { roundCount.load(ordering: .relaxed) }

    /// The jobs that run now.
    var runningJobs: [JobID] { running.withLock { $0.keys.map(\.job) }.sorted() }

    /// Cuts a running job off. What it had begun is settled by its own task.
    func cancel(_ job: JobID) {
        for (claim, task) in running.withLock({ $0 }) where claim.job == job { task.cancel() }
    }

    /// Works until the daemon goes down and the running jobs have stopped.
    /// - Throws: where the state can no longer be written: the caller ends the daemon, and its next start recovers.
    func run() async throws {
        let (board, shutdown) = (environment.board, environment.shutdown)
        let aborting = Task {
            await shutdown.reached(.aborting)
            for task in running.withLock({ Array($0.values) }) { task.cancel() }
        }
        defer { aborting.cancel() }
        var told: StorageError?
        while true {
            let version = board.version
            roundCount.add(1, ordering: .relaxed)
            if let error = failure.withLock({ $0 }) { throw error }
            if Task.isCancelled { shutdown.advance(to: .aborting) }
            if shutdown.phase > .running {
                if running.withLock(\.isEmpty) { return }
                await board.changed(since: version)
                continue
            }
            do {
                try await workOrWait(since: version)
            } catch let error as StorageError where error.isPassing {
                if error != told { environment.log.error("no job can be claimed: \(error)") }
                told = error
                _ = await shutdown.sleep(for: .seconds(1))
                continue
            }
            told = nil
        }
    }

    private func workOrWait(since version: UInt64) async throws {
        if canTakeOne {
            if try await claimOne() { return }
        } else {
            // Deadlines pass also while nothing can run.
            _ = try await environment.store.wakeDue(now: environment.clock.now())
        }
        await wait(since: version, until: try await environment.store.nextWake())
    }

    /// A worker is free and both models can write.
    private var canTakeOne: Bool { running.withLock { $0.count < limit } && environment.pair.areReady }

    /// Starts one job. False where there is none.
    private func claimOne() async throws -> Bool {
        let now = environment.clock.now()
        let arrivals = environment.pair.arrivals
        if wokenArrivals.load(ordering: .relaxed) != arrivals {
            _ = try await environment.store.wakeModelUnavailable()
            wokenArrivals.store(arrivals, ordering: .relaxed)
        }
        _ = try await environment.store.wakeDue(now: now)
        guard let claimed = try await environment.store.claim(now: now) else { return false }
        start(claimed)
        return true
    }

    private func start(_ claimed: ClaimedJob) {
        let job = claimed.claim.job
        let log = environment.log.about(job: job, queue: claimed.queue)
        log.debug("job \(job): attempt \(claimed.claim.attempt) in queue \(claimed.queue)")
        running.withLock { running in
            running[claimed.claim] = Task {
                var next: ClaimedJob?
                do {
                    next = try await JobRun(claimed: claimed, environment: environment, takesNext: mayGoOn).run()
                } catch is CancellationError {
                    log.warning("job \(job): cut off while its result waited for the disk")
                } catch {
                    log.error("job \(job): \(error)")
                    self.failure.withLock { $0 = error }
                }
                if let next { start(next) }
                _ = self.running.withLock { $0.removeValue(forKey: claimed.claim) }
                environment.board.post()
            }
        }
    }

    /// A worker whose job ends may take another at once: nothing stands against it that a free worker would look at, and
    /// no jobs wait to be woken by a model's return, which only a free worker does.
    private func mayGoOn() -> Bool {
        environment.shutdown.phase == .running && environment.pair.areReady && !Task.isCancelled
            && wokenArrivals.load(ordering: .relaxed) == environment.pair.arrivals && failure.withLock { $0 == nil }
    }

    /// Returns when something changed, at `instant`, or when the clock was set.
    private func wait(since version: UInt64, until instant: Timestamp?) async {
        guard let instant else { return await environment.board.changed(since: version) }
        await first(
            { await self.environment.board.changed(since: version) }, { await ClockAlarm.wait(until: instant) })
    }
}
