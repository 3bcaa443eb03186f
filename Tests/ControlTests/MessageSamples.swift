@testable import Control
import Domain
import Testing

/// A method with JSON of its messages: once with every member, once with those alone that must not be null.
struct MessageSample: Sendable, CustomTestStringConvertible {
    var method: String
    var fullParameters: JSONValue
    var leanParameters: JSONValue?
    var fullReply: JSONValue
    var leanReply: JSONValue?

    var testDescription: String { method }

    init<Method: ControlMethod>(
        _ method: Method.Type, _ full: Method.Parameters, _ fullReply: Method.Reply, lean: Method.Parameters? = nil,
        leanReply: Method.Reply? = nil
    ) {
        self.method = Method.name
        fullParameters = Self.json(full)
        self.fullReply = Self.json(fullReply)
        leanParameters = lean.map(Self.json)
        self.leanReply = leanReply.map(Self.json)
    }

    private static func json(_ value: some Encodable) -> JSONValue {
        do { return try JSONReader.value(of: JSONText.text(of: value)) } catch { fatalError("\(error)") }
    }
}

/// One sample of every message of the interface.
enum MessageSamples {
    static let queue: QueueName = {
        do { return try QueueName("maths") } catch { fatalError("\(error)") }
    }()
    static let now = Timestamp(milliseconds: 1_795_428_000_000)
    static let spend = Spend(calls: 3, tokens: 400, gpuMilliseconds: 5600)
    static let counts = JobCounts(pending: 1, held: 2, running: 3, completed: 4, failed: 5, cancelled: 6, timeout: 7)
    static let settings = QueueSettings(
        limits: BudgetLimits(calls: 30, tokens: 20_000, gpuMilliseconds: 600_000), timeZone: "Europe/Berlin",
        deepthinkCallsPerJob: 4, maxRunning: 2, share: 3, retentionDays: 30)
    static let day = DayKey(year: 2026, month: 11, day: 23)
    static let queueView = QueueView(name: queue, settings: settings, jobs: counts, createdAt: now)
    static let leanQueueView = QueueView(
        name: queue, settings: QueueSettings(), jobs: JobCounts(), createdAt: now)
    static let grant = BudgetGrant(
        firstDay: day, lastDay: DayKey(year: 2026, month: 11, day: 30), amount: Spend(calls: 20), user: "root", at: now)
    static let budget = BudgetView(
        queue: queue,
        day: BudgetDay(
            day: day, limits: settings.limits, grants: [grant], spent: spend, reserved: spend,
            exploration: Spend(calls: 1)),
        resetsAt: now, settings: settings,
        pacing: PacingView(price: 0.0625, jobsToCome: 40, callsToCome: 44.5, callsLeft: 44), burn: burn)
    static let burn = Burn(
        Spend(calls: 24, tokens: 1000, gpuMilliseconds: 2000),
        of: BudgetDay(day: day, limits: BudgetLimits(calls: 50), spent: spend, reserved: spend), now: now,
        end: now.advanced(byMilliseconds: 36_000_000))
    static var jobDay: JobDay {
        var view = JobDay(queue: queue, day: day)
        view.completed = 5
        view.failed = 1
        view.judged = 4
        view.meanReward = 0.75
        return view
    }
    static let learningPoint = LearningPoint(
        queue: queue, jobs: 4, endedAt: now, meanReward: 0.75, deepthinkShare: 0.5)
    static let finding = Finding("disk", .warning, "12 MiB are free", remedy: "make room")
    static let stateDescription = DescribeState.Reply(
        directory: "/s", epoch: 3, schema: "0012_x", sqliteVersion: "3.40.1", size: 4096, freeSize: 1024, logSize: 512,
        tables: [TableRows(table: "job", rows: 7), TableRows(table: "ledger_entry", rows: 42)])
    static let configurationEntry = ConfigurationEntry(key: "[Quick] Model", value: "/q.gguf")
    static let change = EventView(
        sequence: 5, at: now, user: "root", action: "queue.set", subject: "maths", detail: "limit-calls=30->50")
    static let specification = JobSpecification(
        messages: [Message(role: "user", content: "2+2?")], verifier: .exact(answer: "4", ignoresCase: true),
        maxSteps: 3, answerMarker: "Answer:", customID: "p-1", model: "gpt-x", metadata: .object(["a": .integer(1)]),
        environment: EnvironmentRequest(name: "rooms", seed: 7, options: ["level": "one"]))
    static let leanSpecification = JobSpecification(messages: [Message(role: "user", content: "2+2?")])
    static let opening = Opening(goal: "go", observation: "You see a door", maxSteps: 64)
    static let outcome = Outcome(answer: "4", end: .answered, reward: 1, success: true)
    static let job = JobView(
        job: JobID(42), queue: queue, batch: BatchID(7), customID: "p-1", user: "ann", state: .completed,
        pendingReason: .priority, priority: 5, attempt: 1, steps: 2, deepthinkSteps: 1, quickSpend: spend,
        deepthinkSpend: spend, end: .answered, reward: 0.5, rewardSource: .verifier, fault: "none", faultCode: "code",
        refusal: BudgetRefusal(scope: .calls, limit: 20, spent: 19, reserved: 1, resetsAt: now), submittedAt: now,
        notBefore: now, deadline: now, startedAt: now, endedAt: now, timeLimitMilliseconds: 90_000,
        deepthinkCalls: 3, waitsFor: [JobID(41)])
    static let leanJob = JobView(
        job: JobID(43), queue: queue, user: "ann", state: .pending, priority: 0, attempt: 0, steps: 0,
        deepthinkSteps: 0, quickSpend: .zero, deepthinkSpend: .zero, submittedAt: now)
    /// A draft that is dropped, then the step.
    static let parts = [
        StepPart(index: 0, role: .quick, isDraft: true, isFirst: true, text: "It is\nfi"),
        StepPart(index: 0, role: .quick, isDraft: true, isFirst: false, text: "ve"),
        StepPart(index: 0, role: .deepthink, isDraft: false, isFirst: true, text: "4"),
    ]
    static let step = StepView(
        index: 0, role: .deepthink, state: .written, draft: .kept, confirmsDraft: true,
        decision: DecisionView(
            Decision(
                role: .deepthink, values: ActionValues(quick: 0.4, deepthink: 0.5), propensity: 0.95,
                maskReason: .calls, isExploration: true, seed: .max, policyVersion: 12, price: 0.125)),
        generated: Generated(
            text: "4\n", stopReason: .endOfTurn, promptTokens: 12, cachedTokens: 3, generatedTokens: 2,
            gpuMilliseconds: 1250,
            logProbabilities: LogProbabilities(minimum: -2, lowerQuartile: -1, median: -0.5, mean: -0.7)),
        reserved: spend, reward: 1,
        observation: Observation(text: "You see a wall", reward: 1, end: .terminated, success: true), day: day,
        attempt: 1, epoch: 3, startedAt: now, endedAt: now)
    static let leanStep = StepView(
        index: 1, role: .quick, state: .running, decision: DecisionView(Decision(role: .quick)), day: day, attempt: 1,
        epoch: 3,
        startedAt: now)
    static let batch = BatchView(
        batch: BatchID(7), queue: queue, user: "ann", fileName: "p.jsonl", state: .ready, jobs: counts,
        quickSpend: spend, deepthinkSpend: spend, meanReward: 0.5, createdAt: now, endedAt: now)
    static let leanBatch = BatchView(
        batch: BatchID(8), queue: queue, user: "ann", state: .validating, jobs: counts, quickSpend: .zero,
        deepthinkSpend: .zero, createdAt: now)
    static let engine = EngineView(
        role: .deepthink, model: "b.gguf", state: .unavailable, isExternal: false, device: "CPU", slots: 2,
        busySlots: 1, contextTokens: 4096, restarts: 1, fault: "it died")
    static let policy = PolicyView(
        queue: queue, settings: settings.switcher, version: 12, pair: ModelPair(quick: "a", deepthink: "b"),
        encoder: "hashed-1", episodeCount: 40, meanReward: 0.7, steps: [StepCount(index: 0, quick: 30, deepthink: 10)],
        masks: [MaskCount(reason: .calls, count: 2)], explorationCount: 3,
        draftedCallCount: 5, confirmedDraftCount: 4, undecidedShare: 0.125,
        features: [FeatureWeight(name: "step", difference: 0.2)], state: event, activationShare: 0.25,
        meanValues: ActionValues(quick: 0.4, deepthink: 0.5),
        activations: [
            FeatureActivation(
                name: "step", buckets: [ActivationBucket(least: 0, greatest: 0.25, steps: 4, activated: 1)])
        ])
    static let leanPolicy = PolicyView(
        queue: queue, settings: settings.switcher, version: 0, pair: ModelPair(quick: "a", deepthink: "b"),
        encoder: "hashed-1", episodeCount: 0, steps: [], masks: [], explorationCount: 0, features: [])
    static let event = PolicyEvent(
        sequence: 3, at: now, action: .freeze, version: 12, isFrozen: true, standIn: .quick, reason: "it did worse",
        user: "root", afterOutcome: 7)
    static let leanEvent = PolicyEvent(
        sequence: 4, at: now, action: .adopt, version: nil, isFrozen: false, reason: "cold", afterOutcome: 0)
    static let estimate = PolicyEstimate(
        reward: Estimate(value: 0.7, lower: 0.6, upper: 0.8), calls: Estimate(value: 2, lower: 1.5, upper: 2.5),
        net: Estimate(value: 0.6, lower: 0.5, upper: 0.7), episodeCount: 200, effectiveCount: 80.5,
        unsupportedShare: 0.125)
    static let version = PolicyVersionView(
        version: 12, createdAt: now, episodeCount: 40, isCurrent: true, verdict: .passed, incumbent: 11, sha256: "ab",
        trial: [TrialView(contestant: .candidate, estimate: estimate)])
    static let evaluation = EvaluationView(
        policy: .random, cost: 0.1, parameter: 0.5, estimate: estimate, importanceSampled: estimate, callShare: 0.25)
    static let leanEvaluation = EvaluationView(policy: .fittedQ, cost: 0.1, estimate: estimate)
    static let map = MapPolicy.Reply(
        row: "room", column: "step", rows: ["hallway", "workshop"], columns: ["0", "1"],
        cells: [
            HeatCell(row: 0, column: 0, quick: 1, deepthink: 3), HeatCell(row: 1, column: 0, quick: 4, deepthink: 0),
            HeatCell(row: 1, column: 1, quick: 3, deepthink: 1),
        ])
    static let leanVersion = PolicyVersionView(
        version: 1, createdAt: now, episodeCount: 40, isCurrent: false, sha256: "ab")
    static let row = SpendRow(
        queue: queue, day: day, user: "ann", model: "a", batch: BatchID(7), jobs: 3, quick: spend, deepthink: spend)
    static let entry = LedgerEntryView(
        sequence: 1, at: now, day: day, queue: "maths", userID: 1000, batch: BatchID(7), job: JobID(42), episode: 5,
        step: 6, role: .deepthink, model: "a \"big\", model", kind: "step", isExploration: true, calls: 1,
        promptTokens: 2, cachedTokens: 3, generatedTokens: 4, gpuMilliseconds: 5, previousHash: "00", hash: "ab")
    static var leanEntry: LedgerEntryView {
        var entry = entry
        entry.sequence = 2
        entry.batch = nil
        return entry
    }
    static let changes = QueueChanges(
        deepthinkCalls: 1, deepthinkTokens: 2, deepthinkGPUMilliseconds: 3, deepthinkCallsPerJob: 4,
        removeLimits: [.gpuTime, .jobCalls], timeZone: "UTC", onBudget: .hold, observe: .draft, pacing: .on,
        switcherKind: .random, cost: 0.1, parameter: 0.5, explorationRate: 0.1,
        explorationShare: 0.2, maxSteps: 4, stepTokens: 5, maxAttempts: 6, isPaused: true, isDraining: true,
        maxRunning: 0, share: 7, retentionDays: 0, warnAt: 0.5, leastReward: -1, mostReward: 2)

    static let all: [MessageSample] = [
        MessageSample(
            Status.self, .init(),
            .init(
                version: "1", epoch: 2, startedAt: now, now: now, stateDirectory: "/s", isUserMode: true,
                queueCount: 1, jobs: counts, engines: [engine])),
        MessageSample(
            CreateQueue.self, .init(name: queue, settings: settings), .init(queue: queueView),
            lean: .init(name: queue, settings: QueueSettings()), leanReply: .init(queue: leanQueueView)),
        MessageSample(
            SetQueue.self, .init(name: queue, changes: changes), .init(queue: queueView),
            lean: .init(name: queue, changes: QueueChanges())),
        MessageSample(ListQueues.self, .init(), .init(queues: [queueView])),
        MessageSample(
            SubmitJob.self,
            .init(
                queue: queue, specification: specification, priority: 1, notBefore: now, deadline: now,
                idempotencyKey: "k", maxAttempts: 2, deepthinkCalls: 3, timeLimitMilliseconds: 90_000,
                afterOK: [JobID(1)],
                afterAny: [JobID(2)]),
            .init(job: JobID(42), batch: BatchID(7), duplicate: true),
            lean: .init(queue: queue, specification: leanSpecification),
            leanReply: .init(job: JobID(42), duplicate: false)),
        MessageSample(
            BeginBatch.self,
            .init(
                queue: queue, fileName: "p", priority: 3, timeLimitMilliseconds: 90_000, afterOK: [JobID(1)],
                afterAny: [JobID(2)]), .init(batch: BatchID(7)),
            lean: .init(queue: queue)),
        MessageSample(
            AppendLines.self, .init(batch: BatchID(7), firstLine: 1, lines: ["{}"]),
            .init(accepted: 0, errors: [LineError(line: 1, message: "m")])),
        MessageSample(
            CommitBatch.self, .init(batch: BatchID(7), sha256: "00", allowDuplicate: true),
            .init(batch: BatchID(7), jobCount: 1, duplicate: false)),
        MessageSample(AbandonBatch.self, .init(batch: BatchID(7)), .init()),
        MessageSample(
            ListJobs.self, .init(queue: queue, batch: BatchID(7), states: [.held], user: "ann", limit: 5),
            .init(jobs: [job]), lean: .init(), leanReply: .init(jobs: [leanJob])),
        MessageSample(
            ShowJob.self, .init(job: JobID(42)), .init(job: job, specification: specification, outcome: outcome),
            leanReply: .init(job: leanJob, specification: leanSpecification)),
        MessageSample(
            ExplainJob.self, .init(job: JobID(42)),
            .init(
                job: job, specification: specification, outcome: outcome,
                opening: opening, steps: [step]),
            leanReply: .init(job: leanJob, specification: leanSpecification, steps: [leanStep])),
        MessageSample(
            WatchJob.self, .init(job: JobID(42)),
            .init(
                job: job, specification: specification, outcome: outcome, opening: opening, steps: [step],
                part: parts[0]),
            leanReply: .init(job: leanJob)),
        MessageSample(
            Cancel.self, .init(job: JobID(42), batch: BatchID(7), states: [.held], customID: "p*"), .init(count: 1),
            lean: .init()),
        MessageSample(
            Retry.self,
            .init(jobs: [JobID(42)], batch: BatchID(7), queue: queue, cancelled: true, deadline: now),
            .init(count: 1), lean: .init()),
        MessageSample(Feedback.self, .init(job: JobID(42), reward: 0.5), .init()),
        MessageSample(
            ListBatches.self, .init(queue: queue, limit: 1), .init(batches: [batch]), lean: .init(),
            leanReply: .init(batches: [leanBatch])),
        MessageSample(ShowBatch.self, .init(batch: BatchID(7)), .init(batch: batch)),
        MessageSample(
            Wait.self, .init(batch: BatchID(7), job: JobID(42), queue: queue),
            .init(counts: counts, total: 28, budget: budget, finished: false, faultCode: "code"), lean: .init(),
            leanReply: .init(counts: counts, total: 28, finished: true)),
        MessageSample(
            Results.self, .init(batch: BatchID(7), follow: true),
            .init(lines: [ResultLine(job: JobID(42), kind: .output, endedAt: now, line: "{}", damage: "d")]),
            leanReply: .init(lines: [ResultLine(job: JobID(42), kind: .output, endedAt: now, line: "{}")])),
        MessageSample(
            ShowBudgets.self, .init(queue: queue), .init(budgets: [budget]), lean: .init()),
        MessageSample(
            GrantBudget.self, .init(queue: queue, amount: spend, until: day), .init(budget: budget),
            lean: .init(queue: queue, amount: spend)),
        MessageSample(RevokeGrants.self, .init(queue: queue), .init(count: 1, budget: budget)),
        MessageSample(SetBudgetDay.self, .init(queue: queue), .init(before: day, budget: budget)),
        MessageSample(
            ReportSpend.self, .init(from: day, to: day, by: [.queue, .day], queue: queue),
            .init(rows: [row], total: row),
            lean: .init(by: []),
            leanReply: .init(rows: [], total: SpendRow(jobs: 0, quick: .zero, deepthink: .zero))),
        MessageSample(
            ListEvents.self, .init(actions: ["queue.set"], subject: "maths", before: 9, limit: 1),
            .init(events: [change]), lean: .init()),
        MessageSample(
            ReportJobs.self, .init(from: day, to: day, queue: queue),
            .init(days: [jobDay], learning: [learningPoint], dearest: [JobID(42)]), lean: .init(from: day),
            leanReply: .init(days: [JobDay(queue: queue, day: day)], learning: [], dearest: [])),
        MessageSample(
            Diagnose.self, .init(), .init(findings: [finding]),
            leanReply: .init(findings: [Finding("clock", .ok, "it is right")])),
        MessageSample(ShowConfiguration.self, .init(), .init(entries: [configurationEntry])),
        MessageSample(DescribeState.self, .init(), stateDescription),
        MessageSample(ReadMetrics.self, .init(), .init(text: "londi_x 1\n")),
        MessageSample(
            ShowPolicy.self, .init(queue: queue), .init(policy: policy), leanReply: .init(policy: leanPolicy)),
        MessageSample(
            ListPolicyVersions.self, .init(queue: queue, limit: 2), .init(versions: [version]),
            lean: .init(queue: queue), leanReply: .init(versions: [leanVersion])),
        MessageSample(
            ListPolicies.self, .init(), .init(policies: [PolicyStateView(queue: queue, state: event)]),
            leanReply: .init(policies: [PolicyStateView(queue: queue)])),
        MessageSample(
            ListPolicyEvents.self, .init(queue: queue, limit: 2), .init(events: [event]), lean: .init(queue: queue),
            leanReply: .init(events: [leanEvent])),
        MessageSample(
            FreezePolicy.self, .init(queue: queue, reason: "r"), .init(event: event), lean: .init(queue: queue)),
        MessageSample(
            ThawPolicy.self, .init(queue: queue, reason: "r"), .init(event: event), lean: .init(queue: queue)),
        MessageSample(
            RollBackPolicy.self, .init(queue: queue, version: 3, reason: "r"), .init(event: event),
            lean: .init(queue: queue)),
        MessageSample(
            ExportPolicy.self, .init(queue: queue, version: 3), .init(version: 3, data: "AAEC", sha256: "00"),
            lean: .init(queue: queue)),
        MessageSample(
            EvaluatePolicy.self, .init(queue: queue, cost: 0.1, budget: 2, kind: .random, parameter: 0.5),
            .init(policies: [evaluation]), lean: .init(queue: queue), leanReply: .init(policies: [leanEvaluation])),
        MessageSample(
            CurvePolicy.self, .init(queue: queue), .init(policies: [evaluation]),
            leanReply: .init(policies: [leanEvaluation])),
        MessageSample(
            MapPolicy.self, .init(queue: queue, row: "room", column: "step"), map, lean: .init(queue: queue)),
        MessageSample(
            ImportPolicy.self, .init(queue: queue, data: "AAEC", force: true), .init(version: version)),
        MessageSample(
            Prune.self, .init(queue: queue, before: now, dryRun: true), .init(jobs: 3, finished: false),
            lean: .init(dryRun: false)),
        MessageSample(
            VerifyBooks.self, .init(),
            .init(
                check: "steps", entries: 3, total: 4, lastHash: "ab", events: 5, eventsSealedAt: now,
                differences: [BookDifferenceView(check: "steps", subject: "step 1", expected: "a", found: "b")]),
            leanReply: .init(entries: 0, total: 0, lastHash: nil, differences: [])),
        MessageSample(
            ExportLedger.self, .init(from: day, to: day, queue: queue), .init(entries: [entry]), lean: .init(),
            leanReply: .init(entries: [leanEntry])),
        MessageSample(
            ReplayPolicy.self, .init(queue: queue),
            .init(total: 2, versions: [PolicyReplayView(version: 1, verdict: .different, reason: "r")]),
            leanReply: .init(total: 1, versions: [PolicyReplayView(version: 1, verdict: .identical)])),
        MessageSample(
            Backup.self, .init(), .init(total: 3, data: "AAEC", sha256: "00"), leanReply: .init(total: 3, data: "")),
        MessageSample(
            Reload.self, .init(), .init(applied: ["LogLevel"], needRestart: ["[Quick] Model"]),
            leanReply: .init(applied: [], needRestart: [])),
        MessageSample(
            CheckEnvironment.self, .init(name: "rooms"), .init(rule: "r", passed: true, detail: "d")),
    ]
}
