import Control
import Domain
import Storage

extension ControlService {
    /// No zone is further from UTC.
    private static let zoneMilliseconds: Int64 = 15 * 3_600_000
    private static let dayMilliseconds: Int64 = 86_400_000

    func addReport(to table: inout MethodTable) {
        table.on(ReportJobs.self) { parameters, peer, reply throws(ControlError) in
            let summary = try await computing.run(for: peer) { () async throws(ControlError) -> ReportJobs.Reply in
                try await report(parameters, uid: Self.visibleUser(to: peer))
            }
            try await reply.send(summary)
        }
    }

    private func report(_ parameters: ReportJobs.Parameters, uid: UInt32?) async throws(ControlError)
        -> ReportJobs.Reply
    {
        var queues = try await answering { () async throws(StorageError) in try await reader.queues() }
        if let name = parameters.queue { queues = [try await queue(name)] }
        var zones: [QueueName: Zone] = [:]
        do throws(ZoneError) {
            for queue in queues { zones[queue.name] = try Zone(queue.settings.timeZone) }
        } catch { throw .unavailable(what: error.description) }
        let days = try Self.days(parameters.from, through: parameters.to)
        let end = min(days.upperBound.daysSinceEpoch, clock.now().milliseconds / Self.dayMilliseconds + 2) + 1
        let first = Timestamp(
            milliseconds: days.lowerBound.daysSinceEpoch * Self.dayMilliseconds - Self.zoneMilliseconds)
        let last = Timestamp(milliseconds: end * Self.dayMilliseconds + Self.zoneMilliseconds)
        let filter = SpendFilter(days: days, queue: parameters.queue, uid: uid)
        let jobs = try await answering { () async throws(StorageError) in
            try await store.makeAuditReader().endedJobs(in: first..<max(first, last), filter)
        }
        var report = JobReport()
        do throws(ZoneError) {
            for job in jobs.reversed() where !Task.isCancelled {
                guard let day = try zones[job.queue]?.day(at: job.endedAt), days.contains(day) else { continue }
                report.add(job, on: day)
            }
        } catch { throw .unavailable(what: error.description) }
        return report.reply
    }
}

/// Adds ended jobs up, from the one that ended first.
struct JobReport {
    /// The most points of a queue's learning curve.
    private static let pointLimit = 40
    /// A point stands for so many jobs, where there are as many: one job's reward is chance.
    private static let leastPart = 5
    private static let dearestLimit = 10

    private struct Place: Hashable {
        let queue: QueueName
        let day: DayKey
    }

    private var days: [Place: (view: JobDay, rewards: Double)] = [:]
    private var judged: [QueueName: [JobAccount]] = [:]
    private var dearest: [JobAccount] = []

    mutating func add(_ job: JobAccount, on day: DayKey) {
        let place = Place(queue: job.queue, day: day)
        var sum = days[place] ?? (JobDay(queue: job.queue, day: day), 0)
        sum.view[job.state] += 1
        if let reward = job.reward {
            sum.view.judged += 1
            sum.rewards += reward
            judged[job.queue, default: []].append(job)
        }
        days[place] = sum
        guard job.deepthink.gpuMilliseconds > 0 else { return }
        let position = dearest.firstIndex { $0.deepthink.gpuMilliseconds < job.deepthink.gpuMilliseconds }
        dearest.insert(job, at: position ?? dearest.count)
        if dearest.count > Self.dearestLimit { dearest.removeLast() }
    }

    var reply: ReportJobs.Reply {
        let views = days.values.map { view, rewards in
            var view = view
            view.meanReward = view.judged > 0 ? rewards / Double(view.judged) : nil
            return view
        }
        let learning = judged.sorted { $0.key < $1.key }.flatMap { queue, jobs in Self.points(queue, jobs) }
        return ReportJobs.Reply(
            days: views.sorted { ($0.queue, $0.day) < ($1.queue, $1.day) }, learning: learning,
            dearest: dearest.map(\.job))
    }

    /// Parts that differ by one job at most.
    private static func points(_ queue: QueueName, _ jobs: [JobAccount]) -> [LearningPoint] {
        let count = min(pointLimit, max(1, jobs.count / leastPart))
        return (0..<count).map { index in
            let end = (index + 1) * jobs.count / count
            let part = jobs[index * jobs.count / count..<end]
            let calls = part.reduce((quick: Int64(0), deepthink: Int64(0))) {
                ($0.quick + $1.quick.calls, $0.deepthink + $1.deepthink.calls)
            }
            let all = calls.quick + calls.deepthink
            return LearningPoint(
                queue: queue, jobs: end, endedAt: jobs[end - 1].endedAt,
                meanReward: part.reduce(0) { $0 + ($1.reward ?? 0) } / Double(part.count),
                deepthinkShare: all == 0 ? 0 : Double(calls.deepthink) / Double(all))
        }
    }
}
