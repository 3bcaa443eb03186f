import Domain
import Storage
import Switching
import Synchronization

/// What is known of the rest of each paced queue's day. Jobs ask for a plan when they begin, so most of it is kept: the
/// demand curve until the policy changes, past days until the day does, and counts for a moment.
final class PacingBook: Sendable {
    /// The newest episodes that a demand curve is drawn from.
    static let episodeLimit = 300
    /// For how long counts of waiting and running jobs hold, in seconds.
    static let countSeconds = 1.0

    private struct Entry {
        var curve: DemandCurve?
        var basis: Basis?
        var drawing: (basis: Basis, task: Task<DemandCurve, any Error>)?
        var day: PacingDay?
        var counts: (record: PacingRecord, readAt: Double)?
        /// Jobs that have come and ended since they were counted.
        var arrivedCount = 0
        var endedCount = 0
        var calibration = DemandCalibration()
        var rate = ServiceRate()
    }

    /// What a demand curve depends on.
    private struct Basis: Equatable {
        var policyVersion: Int64
        var settings: SwitcherSettings
    }

    private let reader: StoreReader
    private let log: Log
    private let entries = Mutex<[QueueName: Entry]>([:])

    init(reader: StoreReader, log: Log) {
        self.reader = reader
        self.log = log
    }

    /// The plan of a job that begins now; nil where the queue is not paced, and before it has a policy.
    func plan(
        forJobOf queue: QueueName, _ settings: QueueSettings, policy: Policy?, zone: Zone, now: Timestamp
    ) async throws -> PacingPlan? {
        do {
            let plan = try await plan(of: queue, settings, policy: policy, zone: zone, now: now)
            entries.withLock { entries in
                let othersWait = entries[queue]?.counts.map { $0.record.waitingCount > 0 } ?? false
                entries[queue]?.rate.noteBegin(atSeconds: Self.seconds(), othersWait: othersWait)
            }
            return plan
        } catch let error as StorageError where error.isPassing {
            log.about(queue: queue).warning("queue \(queue): its calls have no price for now: \(error)")
            return nil
        }
    }

    /// The plan as it is now; nil as for a job.
    func plan(
        of queue: QueueName, _ settings: QueueSettings, policy: Policy?, zone: Zone, now: Timestamp
    ) async throws -> PacingPlan? {
        guard settings.isPaced, let policy, policy.kind == settings.switcher.kind else { return nil }
        let curve = try await curve(of: queue, policy, settings.switcher)
        let day = try await day(of: queue, zone, now: now)
        let counts = try await counts(of: queue, day)
        let entry = entries.withLock { $0[queue] } ?? Entry()
        let here = Double(max(counts.waitingCount + counts.runningCount + entry.arrivedCount - entry.endedCount, 0))
        let soFar = counts.arrivedCount + entry.arrivedCount
        let toCome = day.arrivals.expected(after: day.fraction(at: now), soFar: soFar)
        let most = entry.rate.jobs(inSeconds: day.seconds(after: now)).map { $0 + Double(counts.runningCount) }
        return PacingPlan(
            curve: curve, calibration: entry.calibration.ratio, jobsToCome: min(here + toCome, most ?? .infinity),
            jobsOfDay: day.arrivals.expectedOfDay(today: Double(soFar) + toCome),
            use: CallUse(settled: counts.settled), explorationShare: settings.switcher.explorationShare)
    }

    /// Notes that a queue was given a job.
    func noteArrival(in queue: QueueName) { entries.withLock { $0[queue]?.arrivedCount += 1 } }

    /// Has jobs counted anew: a batch has come, or a lot has changed in another way.
    func forgetCounts() {
        entries.withLock { entries in
            for queue in entries.keys { entries[queue]?.counts = nil }
        }
    }

    /// Notes that a job's run has ended, and what it called.
    func noteEnd(of queue: QueueName, _ plan: PacingPlan, _ calls: PacedCalls) {
        entries.withLock { entries in
            entries[queue]?.endedCount += 1
            guard let price = calls.price, !calls.wasMasked else { return }
            entries[queue]?.calibration.note(expected: plan.curve.calls(at: price), made: calls.count)
        }
    }

    /// The demand curve of the policy in force; that of the one before while the new one is drawn.
    private func curve(
        of queue: QueueName, _ policy: Policy, _ settings: SwitcherSettings
    ) async throws -> DemandCurve {
        let basis = Basis(policyVersion: policy.version, settings: settings)
        let (known, task) = entries.withLock { entries -> (DemandCurve?, Task<DemandCurve, any Error>?) in
            var entry = entries[queue] ?? Entry()
            if entry.basis == basis { return (entry.curve, nil) }
            if entry.drawing?.basis != basis {
                entry.drawing = (basis, Task { try await self.draw(queue, policy, basis) })
                entries[queue] = entry
            }
            return (entry.curve, entry.drawing?.task)
        }
        if let known { return known }
        guard let task else { preconditionFailure("a curve is known or being drawn") }
        return try await task.value
    }

    private func draw(_ queue: QueueName, _ policy: Policy, _ basis: Basis) async throws -> DemandCurve {
        do {
            let history = try await reader.trainingEpisodes(queue: queue, limit: Self.episodeLimit)
            // States that another encoder saw mean nothing to this policy.
            let seen = history.episodes.filter { $0.pairKey?.ends(with: " + \(policy.encoderIdentity)") == true }
            let work = Task.detached(priority: .low) {
                DemandCurve(seen.map { TrainingEpisode($0) }, policy: policy, settings: basis.settings)
            }
            let curve = await work.value
            entries.withLock { entries in
                // A later policy may have been faster.
                guard entries[queue]?.drawing?.basis == basis else { return }
                entries[queue]?.curve = curve
                entries[queue]?.basis = basis
                entries[queue]?.drawing = nil
            }
            return curve
        } catch {
            entries.withLock { entries in
                if entries[queue]?.drawing?.basis == basis { entries[queue]?.drawing = nil }
            }
            throw error
        }
    }

    private func day(of queue: QueueName, _ zone: Zone, now: Timestamp) async throws -> PacingDay {
        if let day = entries.withLock({ $0[queue]?.day }), day.zone == zone, day.interval.contains(now) { return day }
        let day = try await PacingDay.load(queue, zone, now: now, reader)
        entries.withLock { entries in
            entries[queue]?.day = day
            entries[queue]?.counts = nil
        }
        return day
    }

    private func counts(of queue: QueueName, _ day: PacingDay) async throws -> PacingRecord {
        let now = Self.seconds()
        if let known = entries.withLock({ $0[queue]?.counts }), now - known.readAt < Self.countSeconds {
            return known.record
        }
        let record = try await reader.pacingRecord(queue, day: day.day, interval: day.interval)
        entries.withLock { entries in
            entries[queue]?.counts = (record, now)
            entries[queue]?.arrivedCount = 0
            entries[queue]?.endedCount = 0
        }
        return record
    }

    private static func seconds() -> Double { Double(WallClock.monotonicNanoseconds()) / 1e9 }
}
