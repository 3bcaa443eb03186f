import Control
import Domain
import FoundationEssentials
import Storage

extension ControlService {
    /// The results of one streamed reply.
    private static let pageLength = 200
    /// The jobs that are looked at at once for whether they have ended.
    private static let lookLength = 5000

    func addBatches(to table: inout MethodTable) {
        table.on(ListBatches.self) { parameters, peer, reply throws(ControlError) in
            let limit = try Self.limit(parameters.limit) ?? 100
            if let name = parameters.queue { _ = try await queue(name) }
            let records = try await answering { () async throws(StorageError) in
                try await reader.batches(queue: parameters.queue, uid: Self.visibleUser(to: peer), limit: limit)
            }
            var views: [BatchView] = []
            for record in records { views.append(try await view(record)) }
            try await reply.send(ListBatches.Reply(batches: views))
        }
        table.on(ShowBatch.self) { parameters, peer, reply throws(ControlError) in
            let record = try await batch(parameters.batch, for: peer)
            try await reply.send(ShowBatch.Reply(batch: try await view(record)))
        }
        table.on(Wait.self) { parameters, peer, reply throws(ControlError) in
            try await wait(parameters, peer, reply)
        }
        table.on(Results.self) { parameters, peer, reply throws(ControlError) in
            try await sendResults(parameters, peer, reply)
        }
    }

    /// A batch that the caller may see and whose jobs are queued, or the error that says why not.
    func batch(_ id: BatchID, for peer: Peer) async throws(ControlError) -> BatchRecord {
        let record = try await answering { () async throws(StorageError) in try await reader.batch(id) }
        let isVisible = Self.visibleUser(to: peer).map { $0 == record.submitter.uid } ?? true
        guard isVisible, record.state != .abandoned else { throw .notFound(kind: "batch", name: id.description) }
        guard record.state == .ready else {
            throw .conflict(
                what: "batch \(id) is not queued yet: its lines are still being submitted",
                remedy: "ask again when they are")
        }
        return record
    }

    /// The least time between two looks of one call, and how many times as long as a look it is: with a change a
    /// millisecond a large batch must not be looked through without a break.
    private static let lookPauseNanoseconds: Int64 = 200_000_000
    private static let lookPauseFactor: Int64 = 10

    /// - Parameter began: when the last look began, on the clock that never jumps.
    private func pauseForMore(since version: UInt64, lookBegan began: Int64) async throws(ControlError) {
        let took = WallClock.monotonicNanoseconds() - began
        await board.changed(since: version)
        let pause = max(Self.lookPauseNanoseconds, took * Self.lookPauseFactor)
        do { try await Task.sleep(for: .nanoseconds(pause)) } catch { throw .disconnected }
    }

    /// Tells the progress on every change until all jobs have ended; without `more` once, then.
    private func wait(
        _ parameters: Wait.Parameters, _ peer: Peer, _ reply: MethodReply<Wait>
    ) async throws(ControlError) {
        var told: Wait.Reply?
        while true {
            let (version, began) = (board.version, WallClock.monotonicNanoseconds())
            let progress = try await progress(parameters, peer)
            if progress.finished { return try await reply.send(progress) }
            if reply.wantsMore, progress != told {
                try await reply.send(progress, continues: true)
                told = progress
            }
            try await pauseForMore(since: version, lookBegan: began)
        }
    }

    private func progress(_ parameters: Wait.Parameters, _ peer: Peer) async throws(ControlError) -> Wait.Reply {
        var counts = JobCounts()
        let name: QueueName
        var failure: JobFailure?
        switch (parameters.batch, parameters.job, parameters.queue) {
        case (let id?, nil, nil):
            let record = try await batch(id, for: peer)
            for (state, count) in record.counts { counts[state] = count }
            name = record.queue
            if counts.total == 1, counts.unanswered == 1 {
                let jobs = try await answering { () async throws(StorageError) in
                    try await reader.jobs(JobFilter(batch: id, limit: 1))
                }
                failure = jobs.first?.endingFailure
            }
        case (nil, let id?, nil):
            let detail = try await job(id, for: peer)
            counts[detail.job.state] = 1
            name = detail.job.queue
            failure = detail.job.endingFailure
        case (nil, nil, let queueName?):
            counts = JobCounts(try await queue(queueName))
            name = queueName
        default:
            throw .invalidArgument(
                argument: "batch, job or queue", value: "several or none", remedy: "name exactly one")
        }
        return Wait.Reply(
            counts: counts, total: counts.total, budget: try await budgets(of: [try await queue(name)]).first,
            finished: counts.ended == counts.total, faultCode: failure?.code)
    }

    /// Sends what has ended, in the order of the file; with `follow` goes on until everything has.
    private func sendResults(
        _ parameters: Results.Parameters, _ peer: Peer, _ reply: MethodReply<Results>
    ) async throws(ControlError) {
        _ = try await batch(parameters.batch, for: peer)
        // A job that is retried ends again, and that is another result.
        var sent: [JobID: Timestamp] = [:]
        while true {
            let (version, began) = (board.version, WallClock.monotonicNanoseconds())
            let isDone = try await batch(parameters.batch, for: peer).isDone
            var sending: Int64 = 0
            var after: JobID?
            repeat {
                let start = after
                let page = try await answering { () async throws(StorageError) in
                    try await reader.ended(in: parameters.batch, after: start, limit: Self.lookLength)
                }
                let sendingBegan = WallClock.monotonicNanoseconds()
                let new = page.filter { sent[$0.job] != $0.endedAt }
                for first in stride(from: 0, to: new.count, by: Self.pageLength) {
                    let jobs = new[first..<min(first + Self.pageLength, new.count)].map(\.job)
                    for (job, endedAt) in try await sendResults(of: jobs, reply) where parameters.follow {
                        sent[job] = endedAt
                    }
                }
                sending += WallClock.monotonicNanoseconds() - sendingBegan
                after = page.count == Self.lookLength ? page.last?.job : nil
            } while after != nil
            if isDone || !parameters.follow { return try await reply.send(Results.Reply(lines: [])) }
            // What was new was worth its time.
            try await pauseForMore(since: version, lookBegan: began + sending)
        }
    }

    /// Sends what came of some jobs. Returns when they ended; one that began anew meanwhile is left out.
    private func sendResults(
        of jobs: [JobID], _ reply: MethodReply<Results>
    ) async throws(ControlError) -> [JobID: Timestamp] {
        let records = try await answering { () async throws(StorageError) in try await reader.results(of: jobs) }
        var ends: [JobID: Timestamp] = [:]
        var lines: [ResultLine] = []
        for record in records where record.state.isTerminal {
            lines.append(BatchResult(record, try await refusal(of: record.job, record.failure)).line)
            ends[record.job] = record.endedAt
        }
        if !lines.isEmpty { try await reply.send(Results.Reply(lines: lines), continues: true) }
        return ends
    }

    private func view(_ record: BatchRecord) async throws(ControlError) -> BatchView {
        let summary = try await answering { () async throws(StorageError) in
            try await overviews.batchSummary(record.id)
        }
        var counts = JobCounts()
        for (state, count) in record.counts { counts[state] = count }
        return BatchView(
            batch: record.id, queue: record.queue, user: record.submitter.name, fileName: record.fileName,
            state: record.state, jobs: counts, quickSpend: summary.quick.spend,
            deepthinkSpend: summary.deepthink.spend, meanReward: summary.meanReward, createdAt: record.createdAt,
            endedAt: record.isDone ? summary.endedAt : nil)
    }
}

extension JobRecord {
    /// What ended the job; nil where it has not ended, has an answer or a user cancelled it.
    fileprivate var endingFailure: JobFailure? {
        switch state {
        case .failed, .timeout, .cancelled: failure
        case .pending, .held, .running, .completed: nil
        }
    }
}

extension BatchResult {
    init(_ record: ResultRecord, _ refusal: BudgetRefusal?) {
        let request = ReadRequest(record.request, of: record.job, customID: record.customID)
        let failure = record.failure
        var outcome: Outcome?
        if let answer = record.answer, let end = record.end {
            outcome = Outcome(answer: answer, end: end, reward: record.reward, success: record.success)
        }
        self.init(
            job: record.job, specification: request.specification,
            endedAt: record.endedAt ?? Timestamp(milliseconds: 0),
            outcome: outcome, state: record.state, fault: failure?.message, faultCode: failure?.code,
            refusal: refusal, quick: record.quick.spend, deepthink: record.deepthink.spend,
            promptTokens: record.quick.promptTokens + record.quick.cachedTokens + record.deepthink.promptTokens
                + record.deepthink.cachedTokens,
            generatedTokens: record.quick.generatedTokens + record.deepthink.generatedTokens)
        damage = request.damage
    }
}
