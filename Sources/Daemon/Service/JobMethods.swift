import Control
import Domain
import Storage

extension ControlService {
    /// The jobs of one streamed reply.
    private static let pageLength = 500
    /// Somebody waits for the first one.
    private static let firstPageLength = 100
    /// The most jobs of a reply to a caller that takes one.
    private static let lonePageLength = 1000

    func addJobs(to table: inout MethodTable) {
        table.on(ListJobs.self) { parameters, peer, reply throws(ControlError) in
            try await list(parameters, peer, reply)
        }
        table.on(ShowJob.self) { parameters, peer, reply throws(ControlError) in
            let detail = try await job(parameters.job, for: peer)
            try await reply.send(
                ShowJob.Reply(
                    job: try await view(detail), specification: specification(of: detail), outcome: detail.outcome))
        }
        table.on(ExplainJob.self) { parameters, peer, reply throws(ControlError) in
            let detail = try await job(parameters.job, for: peer)
            let steps = try await answering { () async throws(StorageError) in
                try await reader.steps(parameters.job)
            }
            try await reply.send(
                ExplainJob.Reply(
                    job: try await view(detail), specification: specification(of: detail), outcome: detail.outcome,
                    opening: detail.opening, steps: steps.map(StepView.init)))
        }
        table.on(Feedback.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            let record = try await job(parameters.job, for: peer).job
            try await answering { () async throws(StorageError) in
                try await store.recordFeedback(
                    parameters.job, reward: parameters.reward, by: User(peer), now: clock.now())
            }
            learner.note(record.queue)
            board.post()
            try await reply.send(NoFields())
        }
    }

    /// A job that the caller may see, or the error that says there is none.
    func job(_ id: JobID, for peer: Peer) async throws(ControlError) -> JobDetail {
        let detail: JobDetail
        do throws(StorageError) { detail = try await reader.job(id) } catch {
            guard case .noSuchJob = error else { throw ControlError(error) }
            throw try await missing(id, for: peer)
        }
        if let uid = Self.visibleUser(to: peer), detail.job.submitter.uid != uid {
            throw .notFound(kind: "job", name: id.description)
        }
        return detail
    }

    /// Why there is no such job.
    private func missing(_ id: JobID, for peer: Peer) async throws(ControlError) -> ControlError {
        let pruned = try await answering { () async throws(StorageError) in try await reader.prunedJob(id) }
        guard let pruned, Self.visibleUser(to: peer) ?? pruned.submitter.uid == pruned.submitter.uid else {
            return .notFound(kind: "job", name: id.description)
        }
        return .pruned(job: id, at: pruned.prunedAt, ledgerEntries: pruned.entryCount)
    }

    /// Where the stored request is damaged, a message of londid's says so.
    func specification(of detail: JobDetail) -> JobSpecification {
        ReadRequest(detail.request, of: detail.job.id, customID: detail.job.customID).specification
    }

    private func list(
        _ parameters: ListJobs.Parameters, _ peer: Peer, _ reply: MethodReply<ListJobs>
    ) async throws(ControlError) {
        if let name = parameters.queue { _ = try await queue(name) }
        if let id = parameters.batch { _ = try await batch(id, for: peer) }
        var left = try Self.limit(parameters.limit) ?? .max
        var pageLength = reply.wantsMore ? Self.firstPageLength : Self.lonePageLength
        var filter = JobFilter(
            queue: parameters.queue, batch: parameters.batch, states: parameters.states ?? [],
            uid: Self.visibleUser(to: peer), userName: parameters.user)
        while true {
            filter.limit = min(left, pageLength)
            let page = filter
            let records = try await answering { () async throws(StorageError) in try await reader.jobs(page) }
            var views: [JobView] = []
            for record in records { views.append(try await view(record)) }
            left -= records.count
            let isLast = records.count < filter.limit || left <= 0 || !reply.wantsMore
            try await reply.send(ListJobs.Reply(jobs: views), continues: !isLast)
            if isLast { return }
            filter.before = records.last?.id
            pageLength = Self.pageLength
        }
    }

    func view(_ detail: JobDetail) async throws(ControlError) -> JobView {
        var view = try await view(detail.job)
        view.end = detail.end
        if detail.job.pendingReason == .dependency {
            view.waitsFor = try await answering { () async throws(StorageError) in
                try await reader.openNeeds(of: detail.job.id)
            }
        }
        return view
    }

    func refusal(of job: JobID, _ failure: JobFailure?) async throws(ControlError) -> BudgetRefusal? {
        guard failure?.code == BudgetRefusal.faultCode else { return nil }
        return try await answering { () async throws(StorageError) in try await reader.refusal(of: job) }
    }

    private func view(_ record: JobRecord) async throws(ControlError) -> JobView {
        let use = try await answering { () async throws(StorageError) in try await reader.roleUse(record.id) }
        let quick = use[.quick] ?? .none
        let deepthink = use[.deepthink] ?? .none
        let refusal = try await refusal(of: record.id, record.failure)
        // While a model is away nothing is claimed, whatever the job itself waits for.
        let waitsForModel = record.pendingReason == .priority && !pair.areReady
        return JobView(
            job: record.id, queue: record.queue, batch: record.batch, customID: record.customID,
            user: record.submitter.name, state: record.state,
            pendingReason: waitsForModel ? .modelUnavailable : record.pendingReason, priority: Int(record.priority),
            attempt: Int(record.attempt), steps: quick.stepCount + deepthink.stepCount,
            deepthinkSteps: deepthink.stepCount, quickSpend: quick.spend, deepthinkSpend: deepthink.spend,
            reward: record.reward, fault: record.failure?.message, faultCode: record.failure?.code,
            refusal: refusal, submittedAt: record.createdAt, notBefore: record.notBefore, deadline: record.deadline,
            startedAt: record.startedAt, endedAt: record.endedAt,
            timeLimitMilliseconds: record.timeLimitMilliseconds, deepthinkCalls: record.deepthinkCalls)
    }
}

extension JobDetail {
    /// nil where the job has come to no answer.
    var outcome: Outcome? {
        guard let answer, let end else { return nil }
        return Outcome(answer: answer, end: end, reward: job.reward, success: success)
    }
}

extension RoleUse {
    var spend: Spend {
        Spend(calls: Int64(callCount), tokens: promptTokens + generatedTokens, gpuMilliseconds: gpuMilliseconds)
    }
}

extension StepView {
    init(_ record: StepRecord) {
        let state: StepState =
            switch record.state {
            case .running: .running
            case .written: .written
            case .abandoned: .abandoned
            }
        self.init(
            index: record.index, role: record.decision.role, state: state, draft: record.draft,
            confirmsDraft: record.confirmsDraft, decision: DecisionView(record.decision), generated: record.generated,
            reserved: record.reserved, reward: record.reward,
            observation: record.observation, day: record.day,
            attempt: Int(record.attempt), epoch: record.epoch.number, startedAt: record.startedAt,
            endedAt: record.endedAt)
    }
}
