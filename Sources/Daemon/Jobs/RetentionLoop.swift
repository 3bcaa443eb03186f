import Domain
import Storage

/// Prunes what the queues' retention lets go, beside the work. An idle londid, and one whose queues keep their jobs for
/// ever, is never woken by it.
final class RetentionLoop: Sendable {
    /// Between two steps, for everybody else.
    private static let stepPause = Duration.seconds(2)
    /// Between two rounds over the queues: jobs become old by the day.
    private static let roundPauseMilliseconds: Int64 = 600_000

    private let store: Store
    private let reader: StoreReader
    private let clock: WallClock
    /// Tells of the jobs.
    private let jobs: ChangeBoard
    /// Tells of the queues' settings.
    private let settings = ChangeBoard()
    private let log: Log

    init(store: Store, reader: StoreReader, clock: WallClock, jobs: ChangeBoard, log: Log) {
        self.store = store
        self.reader = reader
        self.clock = clock
        self.jobs = jobs
        self.log = log
    }

    /// Says that a queue's settings changed.
    func noteSettings() { settings.post() }

    /// Prunes until the task is cancelled.
    func run() async throws {
        while !Task.isCancelled {
            let (settingsVersion, jobsVersion) = (settings.version, jobs.version)
            var isNeeded = false
            var due: Timestamp?
            do throws(StorageError) {
                for queue in try await reader.queues() {
                    guard let rule = PruningRule(retentionOf: queue, now: clock.now()) else { continue }
                    isNeeded = true
                    let young = try await prune(rule)
                    let ages = young.map { $0.milliseconds - rule.before.milliseconds }
                    if let ages {
                        due = min(due ?? Timestamp(milliseconds: .max), clock.now().advanced(byMilliseconds: ages))
                    }
                }
            } catch {
                guard error.isPassing else { throw error }
                // Removing rows needs room in the log, too.
                log.error("nothing can be pruned: \(error)")
                due = clock.now()
            }
            if Task.isCancelled { return }
            guard isNeeded else {
                await settings.changed(since: settingsVersion)
                continue
            }
            let earliest = clock.now().advanced(byMilliseconds: Self.roundPauseMilliseconds)
            let next = due
            await first(
                { await self.settings.changed(since: settingsVersion) },
                {
                    if next == nil { await self.jobs.changed(since: jobsVersion) }
                    await ClockAlarm.wait(until: max(earliest, next ?? earliest))
                })
        }
    }

    /// One round over a queue. Returns when its first job was submitted that is too young; nil where there is none.
    private func prune(_ rule: PruningRule) async throws(StorageError) -> Timestamp? {
        var round = PruningRound(rule) { [store, reader, clock] rule, after, limit throws(StorageError) in
            // Most jobs of a queue that is up to date stay: looking at those holds up nobody who writes.
            let look = try await reader.prunable(rule, after: after, limit: limit)
            return look.jobCount == 0
                ? look : try await store.prune(rule, after: after, limit: limit, now: clock.now())
        }
        var count = 0
        while !round.isOver, !Task.isCancelled {
            let pruned = try await round.step()
            count += pruned
            guard pruned > 0, !round.isOver else { continue }
            do { try await Task.sleep(for: Self.stepPause) } catch { break }
        }
        if count > 0 {
            log.about(queue: rule.queue).info("queue \(rule.queue): \(count) jobs that ended long ago were pruned")
        }
        return round.firstYoung
    }
}
