import Control
import Domain
import Synchronization

/// A small daemon with a memory for batches, so that londictl meets real answers over the real socket.
final class StubDaemon: Sendable {
    struct State {
        var lines: [(number: Int, text: String)] = []
        var committed: CommitBatch.Parameters?
        var isAbandoned = false
        var queues = [MessageSamples.queueView]
        var created: CreateQueue.Parameters?
        var changes: QueueChanges?
        var submitted: SubmitJob.Parameters?
        var begun: BeginBatch.Parameters?
        var cancel: Cancel.Parameters?
        var retried: Retry.Parameters?
        var spend: ReportSpend.Parameters?
        var rows = [MessageSamples.row]
        /// Where days are asked for last; nil: the same.
        var dailyRows: [SpendRow]?
        var differences: [BookDifferenceView] = []
        var export: ExportLedger.Parameters?
        var verdict = ReplayVerdict.identical
        var granted: GrantBudget.Parameters?
        var events: ListEvents.Parameters?
        var faultCode: String?
        var prune: Prune.Parameters?
        var waited: Wait.Parameters?
        var cancelled = 3
        /// Without a reply before the last one, as for what had ended before.
        var endsAtOnce = false
        var policy = MessageSamples.policy
        var frozen: FreezePolicy.Parameters?
        var rolledBack: RollBackPolicy.Parameters?
        var imported: ImportPolicy.Parameters?
        var evaluated: EvaluatePolicy.Parameters?
        var mapped: MapPolicy.Parameters?
        /// The SHA-256 of 00 01 02.
        var exported = ExportPolicy.Reply(
            version: 12, data: "AAEC", sha256: "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc")
        var backup: [Backup.Reply] = []
        /// nil: the file has mistakes.
        var reloaded: Reload.Reply?
        var counts = JobCounts(pending: 0, held: 0, running: 0, completed: 2, failed: 0, cancelled: 0, timeout: 0)
    }

    let state = Mutex(State())

    var table: MethodTable {
        var table = MethodTable(authorization: Authorization(ownUID: 0, adminGroup: nil, memberGroup: nil))
        addBatches(to: &table)
        addJobs(to: &table)
        table.on(CreateQueue.self) { parameters, _, reply async throws(ControlError) in
            guard parameters.name.text != "taken" else {
                throw .conflict(what: "queue taken exists", remedy: "choose another name")
            }
            guard parameters.settings.timeZone != "Mars/Base" else {
                throw .invalidArgument(argument: "timeZone", value: "Mars/Base", remedy: "use an IANA zone")
            }
            self.state.withLock { $0.created = parameters }
            var view = MessageSamples.queueView
            view.settings = parameters.settings
            try await reply.send(.init(queue: view))
        }
        table.on(SetQueue.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.changes = parameters.changes }
            try await reply.send(.init(queue: MessageSamples.queueView))
        }
        table.on(ListQueues.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(queues: self.state.withLock { $0.queues }))
        }
        table.on(ListBatches.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(batches: [MessageSamples.batch]))
        }
        table.on(ShowBudgets.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(budgets: [MessageSamples.budget]))
        }
        table.on(ReportJobs.self) { _, _, reply async throws(ControlError) in
            try await reply.send(
                .init(
                    days: [MessageSamples.jobDay], learning: [MessageSamples.learningPoint], dearest: [JobID(42)]))
        }
        table.on(Diagnose.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(findings: [MessageSamples.finding, Finding("clock", .ok, "it is right")]))
        }
        table.on(ShowConfiguration.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(entries: [MessageSamples.configurationEntry]))
        }
        table.on(DescribeState.self) { _, _, reply async throws(ControlError) in
            try await reply.send(MessageSamples.stateDescription)
        }
        table.on(ReadMetrics.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(text: "londi_x 1\n"))
        }
        table.on(ListEvents.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.events = parameters }
            try await reply.send(.init(events: parameters.subject == "empty" ? [] : [MessageSamples.change]))
        }
        table.on(GrantBudget.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.granted = parameters }
            try await reply.send(.init(budget: MessageSamples.budget))
        }
        table.on(RevokeGrants.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(count: 1, budget: MessageSamples.budget))
        }
        table.on(SetBudgetDay.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(before: DayKey(year: 2031, month: 2, day: 3), budget: MessageSamples.budget))
        }
        table.on(ReportSpend.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.spend = parameters }
            let (rows, dailyRows) = self.state.withLock { ($0.rows, $0.dailyRows) }
            try await reply.send(
                .init(rows: parameters.by.last == .day ? dailyRows ?? rows : rows, total: MessageSamples.row))
        }
        addPolicies(to: &table)
        table.on(Prune.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.prune = parameters }
            try await reply.send(.init(jobs: 500, finished: false), continues: true)
            try await reply.send(.init(jobs: 1200, finished: true))
        }
        table.on(Backup.self) { _, _, reply async throws(ControlError) in
            let replies = self.state.withLock { $0.backup }
            for (index, piece) in replies.enumerated() {
                try await reply.send(piece, continues: index < replies.count - 1)
            }
            guard !replies.isEmpty else { throw .storageFull(path: "/s") }
        }
        table.on(Reload.self) { _, _, reply async throws(ControlError) in
            guard let reloaded = self.state.withLock({ $0.reloaded }) else {
                throw .invalidConfiguration(problems: ["/c:3: a", "/c:4: b"])
            }
            try await reply.send(reloaded)
        }
        table.on(VerifyBooks.self) { _, _, reply async throws(ControlError) in
            if reply.wantsMore {
                try await reply.send(.init(check: "chain", entries: 1, total: 3), continues: true)
            }
            try await reply.send(
                .init(
                    entries: 3, total: 3, lastHash: "ab", events: 5, eventsSealedAt: MessageSamples.now,
                    differences: self.state.withLock { $0.differences }))
        }
        table.on(ExportLedger.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.export = parameters }
            try await reply.send(.init(entries: [MessageSamples.entry]), continues: true)
            guard parameters.queue?.text != "away" else { throw .unavailable(what: "the disk") }
            try await reply.send(.init(entries: [MessageSamples.leanEntry]))
        }
        table.on(ReplayPolicy.self) { _, _, reply async throws(ControlError) in
            let first = PolicyReplayView(version: 1, verdict: .notReproducible, reason: "gone")
            try await reply.send(.init(total: 2, versions: [first]), continues: true)
            let verdict = self.state.withLock { $0.verdict }
            try await reply.send(.init(total: 2, versions: [PolicyReplayView(version: 2, verdict: verdict)]))
        }
        table.on(Status.self) { _, _, reply async throws(ControlError) in
            try await reply.send(
                .init(
                    version: "9.9", epoch: 3, startedAt: MessageSamples.now, now: MessageSamples.now,
                    stateDirectory: "/s", isUserMode: true, queueCount: 1, jobs: MessageSamples.counts,
                    engines: [MessageSamples.engine]))
        }
        return table
    }

    private func addPolicies(to table: inout MethodTable) {
        table.on(ShowPolicy.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(policy: self.state.withLock { $0.policy }))
        }
        table.on(ListPolicyVersions.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(versions: [MessageSamples.version]))
        }
        table.on(ListPolicies.self) { _, _, reply async throws(ControlError) in
            let state = self.state.withLock { $0.policy.state }
            try await reply.send(.init(policies: [PolicyStateView(queue: MessageSamples.queue, state: state)]))
        }
        table.on(ListPolicyEvents.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(events: [MessageSamples.event, MessageSamples.leanEvent]))
        }
        table.on(FreezePolicy.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.frozen = parameters }
            try await reply.send(.init(event: MessageSamples.event))
        }
        table.on(ThawPolicy.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(event: MessageSamples.leanEvent))
        }
        table.on(RollBackPolicy.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.rolledBack = parameters }
            try await reply.send(.init(event: MessageSamples.event))
        }
        table.on(ExportPolicy.self) { _, _, reply async throws(ControlError) in
            try await reply.send(self.state.withLock { $0.exported })
        }
        table.on(EvaluatePolicy.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.evaluated = parameters }
            var poor = MessageSamples.leanEvaluation
            poor.estimate.effectiveCount = 3
            try await reply.send(.init(policies: [MessageSamples.evaluation, poor]))
        }
        table.on(CurvePolicy.self) { _, _, reply async throws(ControlError) in
            var quick = MessageSamples.leanEvaluation
            quick.policy = .alwaysQuick
            quick.estimate.reward.value = 0.5
            quick.callShare = 0
            try await reply.send(.init(policies: [MessageSamples.evaluation, quick]))
        }
        table.on(MapPolicy.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.mapped = parameters }
            try await reply.send(MessageSamples.map)
        }
        table.on(ImportPolicy.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.imported = parameters }
            var version = MessageSamples.version
            version.isImported = true
            version.isCurrent = parameters.force
            version.verdict = parameters.force ? .forced : .refused
            try await reply.send(.init(version: version))
        }
    }

    private func addBatches(to table: inout MethodTable) {
        table.on(ShowBatch.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(batch: MessageSamples.batch))
        }
        table.on(BeginBatch.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.begun = parameters }
            try await reply.send(.init(batch: BatchID(7)))
        }
        table.on(AppendLines.self) { parameters, _, reply async throws(ControlError) in
            var errors: [LineError] = []
            var accepted = 0
            for (index, line) in parameters.lines.enumerated() where !line.isEmpty {
                self.state.withLock { $0.lines.append((parameters.firstLine + index, line)) }
                do throws(BatchLineError) {
                    _ = try BatchLine(parsing: line)
                    accepted += 1
                } catch { errors.append(LineError(line: parameters.firstLine + index, message: error.message)) }
            }
            try await reply.send(.init(accepted: accepted, errors: errors))
        }
        table.on(CommitBatch.self) { parameters, _, reply async throws(ControlError) in
            let count = self.state.withLock {
                $0.committed = parameters
                return $0.lines.count
            }
            try await reply.send(.init(batch: parameters.batch, jobCount: count, duplicate: false))
        }
        table.on(AbandonBatch.self) { _, _, reply async throws(ControlError) in
            self.state.withLock { $0.isAbandoned = true }
            try await reply.send(.init())
        }
        table.on(Wait.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.waited = parameters }
            let (counts, faultCode) = self.state.withLock { ($0.counts, $0.faultCode) }
            let running = JobCounts(
                pending: 0, held: 0, running: counts.total, completed: 0, failed: 0, cancelled: 0, timeout: 0)
            if !self.state.withLock({ $0.endsAtOnce }) {
                try await reply.send(
                    .init(counts: running, total: counts.total, budget: MessageSamples.budget, finished: false),
                    continues: true)
            }
            guard counts.running == 0 else {
                let (never, hold) = AsyncStream.makeStream(of: Void.self)
                for await _ in never {}
                withExtendedLifetime(hold) {}
                throw .disconnected
            }
            try await reply.send(
                .init(
                    counts: counts, total: counts.total, budget: MessageSamples.budget, finished: true,
                    faultCode: faultCode))
        }
        table.on(Results.self) { _, _, reply async throws(ControlError) in
            let lines = [
                ResultLine(
                    job: JobID(1), kind: .output, endedAt: Timestamp(milliseconds: 1), line: #"{"custom_id":"a"}"#),
                ResultLine(
                    job: JobID(2), kind: .error, endedAt: Timestamp(milliseconds: 1), line: #"{"custom_id":"b"}"#),
            ]
            try await reply.send(.init(lines: lines), continues: true)
            try await reply.send(
                .init(lines: [
                    ResultLine(
                        job: JobID(3), kind: .output, endedAt: Timestamp(milliseconds: 1), line: #"{"custom_id":"c"}"#)
                ]))
        }
    }

    private func addJobs(to table: inout MethodTable) {
        table.on(SubmitJob.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.submitted = parameters }
            try await reply.send(.init(job: JobID(42), duplicate: false))
        }
        table.on(ListJobs.self) { parameters, _, reply async throws(ControlError) in
            guard parameters.batch != BatchID(9) else { throw .notFound(kind: "batch", name: "b9") }
            guard reply.wantsMore else { return try await reply.send(.init(jobs: [MessageSamples.job])) }
            try await reply.send(.init(jobs: [MessageSamples.job]), continues: true)
            try await reply.send(.init(jobs: [MessageSamples.leanJob]))
        }
        table.on(ShowJob.self) { parameters, _, reply async throws(ControlError) in
            guard parameters.job == JobID(42) else { throw .notFound(kind: "job", name: "\(parameters.job)") }
            try await reply.send(
                .init(
                    job: MessageSamples.job, specification: MessageSamples.specification,
                    outcome: MessageSamples.outcome))
        }
        table.on(ExplainJob.self) { _, _, reply async throws(ControlError) in
            try await reply.send(
                .init(
                    job: MessageSamples.job, specification: MessageSamples.specification,
                    outcome: MessageSamples.outcome, opening: MessageSamples.opening,
                    steps: [MessageSamples.step, MessageSamples.leanStep]))
        }
        table.on(WatchJob.self) { _, _, reply async throws(ControlError) in
            var running = MessageSamples.job
            running.state = .running
            for part in MessageSamples.parts {
                try await reply.send(
                    .init(
                        job: running, specification: part.isFirst ? MessageSamples.specification : nil,
                        opening: part.isFirst ? MessageSamples.opening : nil, part: part), continues: true)
            }
            try await reply.send(
                .init(job: MessageSamples.job, outcome: MessageSamples.outcome, steps: [MessageSamples.step]))
        }
        table.on(CheckEnvironment.self) { parameters, _, reply async throws(ControlError) in
            try await reply.send(.init(rule: "lists its tasks", passed: true, detail: "3 tasks"), continues: true)
            let passed = parameters.name == "rooms"
            try await reply.send(.init(rule: "keeps to the protocol", passed: passed, detail: "12 rules"))
        }
        table.on(Retry.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.retried = parameters }
            try await reply.send(.init(count: 2))
        }
        table.on(Cancel.self) { parameters, _, reply async throws(ControlError) in
            self.state.withLock { $0.cancel = parameters }
            try await reply.send(.init(count: self.state.withLock { $0.cancelled }))
        }
        table.on(Feedback.self) { _, _, _ async throws(ControlError) in
            throw .permissionDenied(action: "judge job 42", needs: "to have submitted it")
        }
    }
}
