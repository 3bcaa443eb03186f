import Control
import Domain
import Hashing
import Testing

/// One client that sends random commands, and what it knows must be true. Nobody else touches its own queue and its jobs,
/// so of these it knows everything; of the queue that all share it knows one setting.
struct ClientModel: Sendable {
    static let sharedName = "shared"
    /// What the shared queue may spend before anybody grants more.
    static let sharedCalls: Int64 = 5
    private static let lastDay = DayKey(year: 2100, month: 1, day: 1)

    let number: Int
    let own: QueueName
    let shared: QueueName
    private(set) var book = JobBook()
    /// Granted to the shared queue.
    private(set) var sharedGrants: Int64 = 0
    private(set) var history: [String] = []
    private let seed: UInt64
    private var random: Seeded
    private var keys: [String: JobID] = [:]
    private var batches: [[String]: BatchID] = [:]
    /// The own queue's; nil before it is made.
    private var settings: QueueSettings?
    private var grants: [Int64] = []
    /// What it has set of the shared queue.
    private var sharedChanges = QueueChanges()
    /// The most calls that the own queue might ever spend.
    private var most: Int64 = 0

    init(number: Int, seed: UInt64) throws {
        self.number = number
        self.seed = seed
        own = try QueueName("own-\(number)")
        shared = try QueueName(Self.sharedName)
        random = Seeded(seed: seed &* 1000 &+ UInt64(number))
    }

    private func expect(_ condition: Bool, _ what: String, _ location: SourceLocation = #_sourceLocation) {
        guard !condition else { return }
        Issue.record(
            "seed \(seed), client \(number): \(what)\n\(history.joined(separator: "\n"))", sourceLocation: location)
    }

    private mutating func check(_ location: SourceLocation = #_sourceLocation) {
        expect(book.complaints.isEmpty, book.complaints.joined(separator: "; "), location)
    }

    private var isPaused: Bool { settings?.isPaused ?? false }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func anyJob() -> JobID { book.ids.randomElement(using: &random) ?? JobID(1_000_000) }

    /// Does one command and checks its answer.
    mutating func act(_ client: ControlClient) async throws {
        do {
            guard settings != nil else { return try await create(client) }
            switch draw(0...21) {
            case 0, 1, 2: try await change(client)
            case 3: try await changeShared(client)
            case 4, 5, 6, 7: try await submit(client)
            case 8, 9: try await submitBatch(client)
            case 10, 11: if !book.ids.isEmpty { try await cancel(anyJob(), client) }
            case 12, 13: if !book.ids.isEmpty { try await retry(anyJob(), client) }
            case 14, 15: if !book.ids.isEmpty { try await judge(anyJob(), client) }
            case 16: try await list(client)
            case 17: try await grant(client)
            case 18: try await budget(client)
            case 19: try await prune(client)
            case 20: try await create(client)
            default: if !book.ids.isEmpty { try await show(anyJob(), client) }
            }
            check()
        } catch {
            expect(false, "\(error)")
            throw error
        }
    }

    /// False where londid says that it cannot be done now.
    private func isAccepted(_ body: () async throws(ControlError) -> Void) async throws(ControlError) -> Bool {
        do throws(ControlError) { try await body() } catch {
            guard case .conflict = error else { throw error }
            return false
        }
        return true
    }

    private mutating func create(_ client: ControlClient) async throws {
        let kind: SwitcherKind = Bool.random(using: &random) ? .alwaysDeepthink : .fittedQ
        let new = QueueSettings(limits: BudgetLimits(calls: 2), switcher: SwitcherSettings(kind: kind))
        history.append("create \(kind.rawValue)")
        let isNew = try await isAccepted { () throws(ControlError) in
            _ = try await client.call(CreateQueue.self, .init(name: own, settings: new))
        }
        expect(isNew == (settings == nil), "made: \(isNew)")
        if isNew { settings = new }
        noteMost()
    }

    private mutating func noteMost() { most = max(most, (settings?.limits.calls ?? 0) + grants.reduce(0, +)) }

    private mutating func change(_ client: ControlClient) async throws {
        guard var changed = settings else { return }
        var changes = QueueChanges()
        switch draw(0...5) {
        case 0, 1: changes.isPaused = !changed.isPaused
        case 2: changes.isDraining = !changed.isDraining
        case 3, 4: changes.deepthinkCalls = Int64(draw(0...6))
        default: changes.share = draw(1...100)
        }
        changed = try changes.applied(to: changed)
        history.append(
            "set paused \(changed.isPaused) draining \(changed.isDraining) calls \(changed.limits.calls ?? -1)"
                + " share \(changed.share)")
        let view = try await client.call(SetQueue.self, .init(name: own, changes: changes)).queue
        expect(view.settings == changed, "the queue is \(view.settings)")
        let open = view.jobs.pending + view.jobs.held + view.jobs.running
        let most = book.ids(of: own).count { book.jobs[$0]?.end == nil }
        expect(open <= most, "\(open) jobs wait or run, of \(most)")
        settings = changed
        if !isPaused { book.resumed(own) }
        noteMost()
    }

    /// Each client has one setting of the shared queue that is its alone.
    private mutating func changeShared(_ client: ControlClient) async throws {
        let value = draw(1...8)
        history.append("set shared \(value)")
        var changes = QueueChanges()
        switch number {
        case 0: changes.maxRunning = value
        case 1: changes.share = value
        default: changes.warnAt = Double(value) / 8
        }
        let settings = try await client.call(SetQueue.self, .init(name: shared, changes: changes)).queue.settings
        sharedChanges = changes
        try checkShared(settings)
    }

    /// What this client has set stays, whatever the others set at the same time.
    private func checkShared(_ settings: QueueSettings) throws {
        let isSet = try sharedChanges.applied(to: settings) == settings
        expect(isSet, "the shared queue lost \(sharedChanges): \(settings)")
    }

    private mutating func submit(_ client: ControlClient) async throws {
        let queue = Bool.random(using: &random) ? own : shared
        let isSlow = draw(0...5) == 0
        let key = draw(0...2) == 0 ? "\(number)-\(draw(0...3))" : nil
        let needs = draw(0...1) == 0 ? [] : (0..<draw(1...2)).compactMap { _ in book.ids.randomElement(using: &random) }
        let (afterOK, afterAny) = Bool.random(using: &random) ? (needs, []) : ([], needs)
        history.append(
            "submit to \(queue) slow \(isSlow) key \(key ?? "none") after-ok \(afterOK) after-any \(afterAny)")
        let specification = JobSpecification(messages: [Message(role: "user", content: isSlow ? "slow" : "fast")])
        let parameters = SubmitJob.Parameters(
            queue: queue, specification: specification, idempotencyKey: key, afterOK: afterOK, afterAny: afterAny)
        var reply: SubmitJob.Reply?
        let isTaken = try await isAccepted { () throws(ControlError) in
            reply = try await client.call(SubmitJob.self, parameters)
        }
        let earlier = key.flatMap { keys[$0] }
        let isDraining = queue == own && settings?.isDraining == true
        expect(isTaken == (earlier != nil || !isDraining), "submitted: \(isTaken)")
        guard let reply else { return }
        history.append("= \(reply.job)")
        expect(reply.duplicate == (earlier != nil), "a duplicate: \(reply.duplicate)")
        if let earlier { return expect(reply.job == earlier, "the key has job \(earlier)") }
        if let key { keys[key] = reply.job }
        book.submitted(
            reply.job, to: queue, isSlow: isSlow, isParked: queue == own && isPaused, afterOK: afterOK,
            afterAny: afterAny)
    }

    private mutating func submitBatch(_ client: ControlClient) async throws {
        let lines = (1...draw(1...3)).map { line in
            #"{"custom_id":"\#(number)-\#(line)","method":"POST","url":"/v1/chat/completions","body":{"messages":"#
                + #"[{"role":"user","content":"fast"}]}}"#
        }
        let allowsDuplicate = draw(0...3) == 0
        history.append("batch of \(lines.count) twice \(allowsDuplicate)")
        var opened: BatchID?
        let isOpen = try await isAccepted { () throws(ControlError) in
            opened = try await client.call(BeginBatch.self, .init(queue: own)).batch
        }
        expect(isOpen == (settings?.isDraining == false), "opened: \(isOpen)")
        guard let opened else { return }
        let appended = try await client.call(AppendLines.self, .init(batch: opened, firstLine: 1, lines: lines))
        expect(appended == AppendLines.Reply(accepted: lines.count, errors: []), "lines: \(appended)")
        let digest = hexadecimal(SHA256.digest(of: lines.map { $0 + "\n" }.joined()))
        let reply = try await client.call(
            CommitBatch.self, .init(batch: opened, sha256: digest, allowDuplicate: allowsDuplicate))
        let earlier = allowsDuplicate ? nil : batches[lines]
        let right = CommitBatch.Reply(
            batch: earlier ?? opened, jobCount: lines.count, duplicate: earlier != nil)
        expect(reply == right, "committed: \(reply), not \(right)")
        let jobs = try await client.call(ListJobs.self, .init(batch: reply.batch)).jobs
        expect(jobs.count == lines.count, "the batch has \(jobs.count) jobs")
        guard earlier == nil else { return }
        batches[lines] = batches[lines] ?? reply.batch
        for job in jobs { book.submitted(job.job, to: own, isSlow: false, isParked: isPaused) }
        history.append("= \(jobs.map(\.job))")
    }

    private mutating func cancel(_ job: JobID, _ client: ControlClient) async throws {
        history.append("cancel \(job)")
        let count = try await client.call(Cancel.self, .init(job: job)).count
        history.append("= \(count)")
        book.cancelled(job, count: count)
        try await show(job, client)
    }

    private mutating func retry(_ job: JobID, _ client: ControlClient) async throws {
        history.append("retry \(job)")
        let isTaken = try await isAccepted { () throws(ControlError) in
            _ = try await client.call(Retry.self, .init(jobs: [job], cancelled: true))
        }
        let isOwn = book.jobs[job]?.queue == own
        book.retried(
            job, isAccepted: isTaken, isParked: isPaused && isOwn,
            isOpen: !isOwn || settings?.isDraining == false)
    }

    private mutating func judge(_ job: JobID, _ client: ControlClient) async throws {
        let reward = Double(draw(0...4)) / 4
        history.append("feedback \(job) \(reward)")
        let isTaken = try await isAccepted { () throws(ControlError) in
            _ = try await client.call(Feedback.self, .init(job: job, reward: reward))
        }
        book.judged(job, reward, isAccepted: isTaken)
    }

    private mutating func list(_ client: ControlClient, isOver: Bool = false) async throws {
        history.append("list")
        for queue in try await client.call(ListQueues.self, .init()).queues where queue.name == shared {
            try checkShared(queue.settings)
        }
        let jobs = try await client.call(ListJobs.self, .init(queue: own)).jobs
        expect(jobs.map(\.job) == book.ids(of: own).reversed(), "the queue has the jobs \(jobs.map(\.job))")
        for job in jobs { book.seen(job.job, job.state, in: job.queue, reward: job.reward, isOver: isOver) }
    }

    private mutating func show(_ job: JobID, _ client: ControlClient) async throws {
        history.append("show \(job)")
        let view = try await client.call(ShowJob.self, .init(job: job)).job
        book.seen(job, view.state, in: view.queue, reward: view.reward)
    }

    private mutating func grant(_ client: ControlClient) async throws {
        let calls = Int64(draw(1...3))
        switch draw(0...3) {
        case 0:
            history.append("grant shared \(calls)")
            sharedGrants += calls
            _ = try await client.call(
                GrantBudget.self, .init(queue: shared, amount: Spend(calls: calls), until: Self.lastDay))
        case 1:
            history.append("revoke")
            let reply = try await client.call(RevokeGrants.self, .init(queue: own))
            expect(reply.count == grants.count, "\(reply.count) grants ended")
            grants = []
            check(reply.budget)
        case 2:
            history.append("grant tokens")
            let isTaken = try await isAccepted { () throws(ControlError) in
                _ = try await client.call(GrantBudget.self, .init(queue: own, amount: Spend(tokens: calls)))
            }
            expect(!isTaken, "what has no limit was granted")
        default:
            history.append("grant \(calls)")
            grants.append(calls)
            noteMost()
            check(
                try await client.call(
                    GrantBudget.self, .init(queue: own, amount: Spend(calls: calls), until: Self.lastDay)
                ).budget)
        }
    }

    private mutating func budget(_ client: ControlClient) async throws {
        history.append("budget")
        let budgets = try await client.call(ShowBudgets.self, .init()).budgets
        for budget in budgets where budget.queue == own { check(budget) }
        expect(budgets.contains { $0.queue == own }, "there is a budget")
    }

    private func check(_ budget: BudgetView) {
        let limit = (settings?.limits.calls ?? 0) + grants.reduce(0, +)
        expect(budget.limits.calls == limit, "the limit is \(String(describing: budget.limits.calls)), not \(limit)")
        expect(budget.grants.map(\.amount.calls) == grants, "the grants are \(budget.grants), not \(grants)")
        expect(budget.spent.calls + budget.reserved.calls <= most, "\(budget.spent) is spent, of \(most)")
    }

    private mutating func prune(_ client: ControlClient) async throws {
        history.append("prune")
        let before = Timestamp(milliseconds: Self.lastDay.daysSinceEpoch * 86_400_000)
        let count = try await client.call(Prune.self, .init(queue: own, before: before, dryRun: true)).jobs
        let most = book.ids(of: own).count { book.mayHaveEnded($0) }
        expect(count <= most, "\(count) jobs may go, of \(most) that may have ended")
    }

    /// Lets everything come to its end.
    mutating func conclude(_ client: ControlClient) async throws {
        if isPaused {
            history.append("resume")
            _ = try await client.call(SetQueue.self, .init(name: own, changes: QueueChanges(isPaused: false)))
            settings?.isPaused = false
            book.resumed(own)
        }
        while let job = book.endless.first { try await cancel(job, client) }
        history.append("wait")
        for queue in [own, shared] { _ = try await client.call(Wait.self, .init(queue: queue)) }
        try await review(client)
        check()
    }

    /// Looks at everything once all has ended, and sums up what the own queue's jobs have spent.
    @discardableResult
    mutating func review(_ client: ControlClient) async throws -> (quick: Spend, deepthink: Spend) {
        var sums = (quick: Spend.zero, deepthink: Spend.zero)
        for job in book.ids {
            let view = try await client.call(ShowJob.self, .init(job: job)).job
            book.seen(job, view.state, in: view.queue, reward: view.reward, isOver: true)
            guard view.queue == own else { continue }
            sums = (sums.quick + view.quickSpend, sums.deepthink + view.deepthinkSpend)
        }
        try await list(client, isOver: true)
        try await budget(client)
        check()
        return sums
    }
}
