import Control
import Domain
import Episodes
import Storage

/// The daemon's state in Prometheus' text format: base units, `_total` on what only grows, no label for jobs or users.
struct MetricsText {
    let status: Status.Reply
    let queues: [QueueView]
    let budgets: [BudgetView]
    /// Of the whole ledger.
    let sums: LedgerSums
    let times: StepTimes
    /// Every end of a job, those of pruned and of retried jobs too.
    let ends: JobEnds.Counts
    /// The mean of the newest outcomes.
    let rewards: [QueueName: Double]
    let policies: [PolicyStateView]
    /// The state's files, in bytes.
    let sizes: [(file: String, size: Int64)]

    var text: String {
        let families = daemon + status.engines.families + jobs + day + totals + learning
        return families.map(\.text).joined()
    }

    private var daemon: [MetricFamily] {
        let entries = sums.spend.values.flatMap(\.values).reduce(Int64(0)) { $0 + $1.calls }
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
            MetricFamily(
                "state_size_bytes", .gauge, "How large the database of the state and its write-ahead log are.",
                sizes.map { .init(["file": $0.file], $0.size) }),
            MetricFamily(
                "step_seconds_total", .counter,
                "What steps have waited for since londid started, summed over jobs that ran side by side.",
                StepWait.allCases.map { part in
                    .init(["part": part.rawValue], number: times.time(of: part) / .seconds(1))
                }),
        ]
    }

    private var learning: [MetricFamily] {
        [
            MetricFamily(
                "recent_reward", .gauge, "The mean reward of a queue's newest 100 outcomes.",
                rewards.sorted { $0.key < $1.key }.map { .init(["queue": $0.key.text], number: $0.value) }),
            MetricFamily(
                "policy_frozen", .gauge, "1 where a queue's policy is frozen: nothing is learnt until it is thawed.",
                policies.map { .init(["queue": $0.queue.text], $0.state?.isFrozen == true ? 1 : 0) }),
            MetricFamily(
                "policy_version", .gauge, "The version of a queue's policy that is in force; 0 before the first.",
                policies.map { .init(["queue": $0.queue.text], $0.state?.version ?? 0) }),
        ]
    }

    private var jobs: [MetricFamily] {
        let states: [JobState] = [.pending, .held, .running]
        return [
            MetricFamily(
                "jobs", .gauge, "Jobs that have not ended, by queue and state.",
                queues.flatMap { queue in
                    states.map { .init(["queue": queue.name.text, "state": $0.rawValue], Int64(queue.jobs[$0])) }
                }),
            MetricFamily(
                "jobs_ended_total", .counter,
                "Ends of jobs, by queue and the state in which they ended; a retried job ends again.",
                queues.flatMap { queue in
                    JobState.allCases.filter(\.isTerminal).map { state in
                        .init(
                            ["queue": queue.name.text, "state": state.rawValue], ends[queue.name]?[state] ?? 0)
                    }
                }),
            MetricFamily(
                "queue_paused", .gauge, "1 where a queue starts no jobs.",
                queues.map { .init(["queue": $0.name.text], $0.settings.isPaused ? 1 : 0) }),
        ]
    }

    /// Each queue's current day: gauges, as they begin again with the next.
    private var day: [MetricFamily] {
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
    private var totals: [MetricFamily] {
        BudgetUnit.allCases.map { unit in
            MetricFamily(
                "spend_\(unit.metric)_total", .counter, "\(unit.title) used since the ledger began.",
                sums.spend.sorted { $0.key < $1.key }.flatMap { queue, roles in
                    Role.allCases.map { role in
                        .init(["queue": queue.text, "role": role.rawValue], (roles[role] ?? .zero)[unit], of: unit)
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
