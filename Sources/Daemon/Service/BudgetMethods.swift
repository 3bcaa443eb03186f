import Control
import Domain
import Storage
import Switching

extension ControlService {
    func addBudgets(to table: inout MethodTable) {
        table.on(ShowBudgets.self) { parameters, _, reply throws(ControlError) in
            var queues = try await answering { () async throws(StorageError) in try await reader.queues() }
            if let name = parameters.queue { queues = [try await queue(name)] }
            try await reply.send(ShowBudgets.Reply(budgets: try await budgets(of: queues, withBurn: true)))
        }
        table.on(GrantBudget.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            let now = clock.now()
            let day = try await day(of: parameters.queue, at: now)
            try await answering { () async throws(StorageError) in
                try await store.grantBudget(
                    parameters.queue, parameters.amount, through: parameters.until, clockDay: day, by: User(peer),
                    now: now)
            }
            board.post()
            try await reply.send(GrantBudget.Reply(budget: try await budget(of: parameters.queue)))
        }
        table.on(RevokeGrants.self) { parameters, peer, reply throws(ControlError) in
            let now = clock.now()
            let day = try await day(of: parameters.queue, at: now)
            let count = try await answering { () async throws(StorageError) in
                try await store.revokeGrants(parameters.queue, clockDay: day, by: User(peer), now: now)
            }
            board.post()
            try await reply.send(RevokeGrants.Reply(count: count, budget: try await budget(of: parameters.queue)))
        }
        table.on(SetBudgetDay.self) { parameters, peer, reply throws(ControlError) in
            let now = clock.now()
            let day = try await day(of: parameters.queue, at: now)
            let before = try await answering { () async throws(StorageError) in
                try await store.setBudgetDay(parameters.queue, clockDay: day, by: User(peer), now: now)
            }
            board.post()
            try await reply.send(SetBudgetDay.Reply(before: before, budget: try await budget(of: parameters.queue)))
        }
        table.on(ReportSpend.self) { parameters, peer, reply throws(ControlError) in
            try await reply.send(try await spend(parameters, peer))
        }
    }

    private func budget(of name: QueueName) async throws(ControlError) -> BudgetView {
        guard let view = try await budgets(of: [try await queue(name)]).first else {
            throw .notFound(kind: "queue", name: name.text)
        }
        return view
    }

    /// The day by the clock in a queue's zone.
    private func day(of name: QueueName, at now: Timestamp) async throws(ControlError) -> DayKey {
        let zone = try await queue(name).settings.timeZone
        return try Self.inZone { () throws(ZoneError) in try Zone(zone).day(at: now) }
    }

    private static func inZone<Result>(_ body: () throws(ZoneError) -> Result) throws(ControlError) -> Result {
        do throws(ZoneError) { return try body() } catch { throw .unavailable(what: error.description) }
    }

    private func spend(_ parameters: ReportSpend.Parameters, _ peer: Peer) async throws(ControlError)
        -> ReportSpend.Reply
    {
        var queues = try await answering { () async throws(StorageError) in try await reader.queues() }
        if let name = parameters.queue { queues = [try await queue(name)] }
        // Today is a different day in different zones: the earliest of them begins the window, and queues that are
        // further on leave out what lies before their own.
        let days = try await budgets(of: queues).map { (queue: $0.queue, day: $0.day) }
        let from = parameters.from ?? days.map(\.day).min() ?? DayKey(daysSinceEpoch: 0)
        let later = parameters.from == nil ? days.filter { $0.day > from } : []
        let filter = SpendFilter(
            days: try Self.days(from, through: parameters.to), queue: parameters.queue, uid: Self.visibleUser(to: peer),
            firstDays: Dictionary(uniqueKeysWithValues: later.map { ($0.queue, $0.day) }))
        let (rows, total) = try await answering { () async throws(StorageError) in
            try await reader.spendWithTotal(filter, by: parameters.by)
        }
        return ReportSpend.Reply(rows: rows, total: total)
    }

    /// - Parameter to: nil: no end.
    static func days(_ from: DayKey, through to: DayKey?) throws(ControlError) -> ClosedRange<DayKey> {
        let to = to ?? DayKey(daysSinceEpoch: .max)
        guard from <= to else {
            throw .invalidArgument(argument: "to", value: to.description, remedy: "name a day not before \(from)")
        }
        return from...to
    }

    /// The budgets of some queues today, each by its own zone.
    /// - Parameter withBurn: with how fast they are used, for which the day's ledger is read.
    func budgets(of queues: [QueueRecord], withBurn: Bool = false) async throws(ControlError) -> [BudgetView] {
        let now = clock.now()
        var zones: [QueueName: Zone] = [:]
        var days: [QueueName: DayKey] = [:]
        do throws(ZoneError) {
            for queue in queues {
                let zone = try Zone(queue.settings.timeZone)
                zones[queue.name] = zone
                days[queue.name] = try zone.day(at: now)
            }
        } catch { throw .unavailable(what: error.description) }
        let clockDays = days
        let budgets = try await answering { () async throws(StorageError) in try await reader.budgets(clockDays) }
        let settings = Dictionary(uniqueKeysWithValues: queues.map { ($0.name, $0.settings) })
        let spent = withBurn ? try await recentSpend(days.values.min(), now: now) : nil
        var views: [BudgetView] = []
        for budget in budgets {
            guard let queue = settings[budget.queue], let zone = zones[budget.queue] else { continue }
            let resetsAt = try Self.inZone { () throws(ZoneError) in
                try zone.reset(of: budget.budget.day, now: now)
            }
            let burn = spent.map { Burn($0[budget.queue] ?? .zero, of: budget.budget, now: now, end: resetsAt) }
            views.append(
                BudgetView(
                    queue: budget.queue, day: budget.budget, resetsAt: resetsAt, settings: queue,
                    pacing: try await pacingView(of: budget, queue, zone, now: now), burn: burn))
        }
        return views
    }

    /// What each queue used of DEEPTHINK in the time that its burn is told for.
    /// - Parameter firstDay: the earliest that it is now somewhere; the day before it may have steps of that time.
    private func recentSpend(_ firstDay: DayKey?, now: Timestamp) async throws(ControlError) -> [QueueName: Spend] {
        guard let firstDay else { return [:] }
        return try await answering { () async throws(StorageError) in
            try await reader.deepthinkSpend(
                since: now.advanced(byMilliseconds: -Burn.windowMilliseconds),
                day: DayKey(daysSinceEpoch: firstDay.daysSinceEpoch - 1))
        }
    }

    /// The price of a call by a queue's budget; nil where it has none.
    private func pacingView(
        of budget: QueueBudget, _ settings: QueueSettings, _ zone: Zone, now: Timestamp
    ) async throws(ControlError) -> PacingView? {
        let policy = policies.policy(of: budget.queue, for: await knownEncoder())
        let plan: PacingPlan?
        do {
            plan = try await pacing.plan(of: budget.queue, settings, policy: policy, zone: zone, now: now)
        } catch let error as StorageError { throw ControlError(error) } catch {
            throw .unavailable(what: "\(error)")
        }
        // Without a prompt: what a step reserves at least.
        let worstCase = Spend(
            calls: 1, tokens: Int64(settings.stepTokens),
            gpuMilliseconds: Int64(pair.configuration.stepSeconds) * 1000)
        guard let plan, let left = plan.callsLeft(budget.budget, worstCase: worstCase) else { return nil }
        let price = plan.price(for: budget.budget, worstCase: worstCase)
        return PacingView(
            price: price.worth, jobsToCome: plan.jobsToCome, callsToCome: plan.expectedCalls(at: price),
            callsLeft: left)
    }
}
