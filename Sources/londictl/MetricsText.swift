import Control
import Domain

/// The daemon's state in Prometheus' text format: base units, `_total` on what only grows, no label for jobs or users.
enum MetricsText {
    /// - Parameter spend: of all time, by queue.
    static func text(
        status: Status.Reply, queues: [QueueView], budgets: [BudgetView], spend: [SpendRow],
        policies: [PolicyStateView]
    ) -> String {
        let families =
            daemon(status, spend) + status.engines.families + jobs(queues) + day(budgets) + totals(spend)
            + states(policies)
        return families.map(\.text).joined()
    }

    private static func daemon(_ status: Status.Reply, _ spend: [SpendRow]) -> [MetricFamily] {
        let entries = spend.reduce(Int64(0)) { $0 + $1.quick.calls + $1.deepthink.calls }
        return [
            MetricFamily(
                "info", .gauge, "Which londid this is; always 1.", [.init(["version": status.version], 1)]),
            MetricFamily(
                "start_time_seconds", .gauge, "When londid started, in seconds since 1970.",
                [.init([:], milliseconds: status.startedAt.milliseconds)]),
            MetricFamily(
                "starts_total", .counter, "How often londid has started on its state directory.",
                [.init([:], status.epoch)]),
            MetricFamily(
                "ledger_entries_total", .counter, "Entries of the ledger.", [.init([:], entries)]),
        ]
    }

    private static func states(_ policies: [PolicyStateView]) -> [MetricFamily] {
        [
            MetricFamily(
                "policy_frozen", .gauge, "1 where a queue's policy is frozen: nothing is learnt until it is thawed.",
                policies.map { .init(["queue": $0.queue.text], $0.state?.isFrozen == true ? 1 : 0) }),
            MetricFamily(
                "policy_version", .gauge, "The version of a queue's policy that is in force; 0 before the first.",
                policies.map { .init(["queue": $0.queue.text], $0.state?.version ?? 0) }),
        ]
    }

    private static func jobs(_ queues: [QueueView]) -> [MetricFamily] {
        let states: [JobState] = [.pending, .held, .running]
        return [
            MetricFamily(
                "jobs", .gauge, "Jobs that have not ended, by queue and state.",
                queues.flatMap { queue in
                    states.map { .init(["queue": queue.name.text, "state": $0.rawValue], Int64(queue.jobs[$0])) }
                }),
            MetricFamily(
                "queue_paused", .gauge, "1 where a queue starts no jobs.",
                queues.map { .init(["queue": $0.name.text], $0.settings.isPaused ? 1 : 0) }),
        ]
    }

    /// Each queue's current day: gauges, as they begin again with the next.
    private static func day(_ budgets: [BudgetView]) -> [MetricFamily] {
        let amounts: [(name: String, help: String, amount: (BudgetView, BudgetUnit) -> Int64?)] = [
            ("limit", "may be used of the queue's day, grants included", { $0.limits[$1] }),
            ("spent", "was spent of the queue's day", { $0.spent[$1] }),
            ("reserved", "is reserved by running steps of the queue's day", { $0.reserved[$1] }),
        ]
        var families = amounts.flatMap { name, help, amount in
            BudgetUnit.allCases.map { unit in
                MetricFamily(
                    "budget_\(name)_\(unit.metric)", .gauge, "DEEPTHINK \(unit.noun) that \(help).",
                    budgets.compactMap { budget in
                        amount(budget, unit).map { .init(["queue": budget.queue.text], $0, of: unit) }
                    })
            }
        }
        families.append(
            MetricFamily(
                "budget_warning", .gauge, "1 where a unit's spend has reached the queue's warning level.",
                budgets.flatMap { budget in
                    BudgetUnit.allCases.compactMap { unit in
                        budget.limits[unit].map { limit in
                            let share = limit > 0 ? Double(budget.spent[unit]) / Double(limit) : 0
                            let isWarned = budget.warnAt > 0 && share >= budget.warnAt
                            return .init(["queue": budget.queue.text, "unit": unit.rawValue], isWarned ? 1 : 0)
                        }
                    }
                }))
        families.append(
            MetricFamily(
                "deepthink_price_reward", .gauge,
                "What one more DEEPTHINK call of the queue's day is worth beyond its cost, in units of reward.",
                budgets.compactMap { budget in
                    budget.pacing.map { .init(["queue": budget.queue.text], number: $0.price) }
                }))
        families.append(
            MetricFamily(
                "budget_reset_time_seconds", .gauge, "When the queue's next day begins, in seconds since 1970.",
                budgets.map { .init(["queue": $0.queue.text], milliseconds: $0.resetsAt.milliseconds) }))
        return families
    }

    /// From the ledger, so that they go on where they were after every start.
    private static func totals(_ spend: [SpendRow]) -> [MetricFamily] {
        BudgetUnit.allCases.map { unit in
            MetricFamily(
                "spend_\(unit.metric)_total", .counter, "\(unit.title) used since the ledger began.",
                spend.flatMap { row in
                    [(Role.quick, row.quick), (.deepthink, row.deepthink)].map { role, amount in
                        .init(["queue": row.queue?.text ?? "", "role": role.rawValue], amount[unit], of: unit)
                    }
                })
        }
    }
}

extension [EngineView] {
    fileprivate var families: [MetricFamily] {
        let values: [(name: String, kind: MetricFamily.Kind, help: String, value: (EngineView) -> Int64)] = [
            ("engine_up", .gauge, "1 where the model's server is ready.", { $0.state == .ready ? 1 : 0 }),
            ("engine_slots", .gauge, "How many steps the server writes at once.", { Int64($0.slots) }),
            ("engine_busy_slots", .gauge, "How many steps the server writes now.", { Int64($0.busySlots) }),
            (
                "engine_restarts_total", .counter, "How often the server was started again since londid started.",
                { Int64($0.restarts) }
            ),
        ]
        return values.map { name, kind, help, value in
            MetricFamily(name, kind, help, map { .init(["role": $0.role.rawValue], value($0)) })
        }
    }
}

extension BudgetUnit {
    /// The base unit, as a metric's name ends in it.
    fileprivate var metric: String {
        switch self {
        case .calls: "calls"
        case .tokens: "tokens"
        case .gpuTime: "gpu_seconds"
        }
    }

    fileprivate var title: String {
        switch self {
        case .calls: "Calls"
        case .tokens: "Tokens"
        case .gpuTime: "GPU seconds"
        }
    }

    fileprivate var noun: String { self == .gpuTime ? title : title.lowercased() }
}
