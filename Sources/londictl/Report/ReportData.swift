import Control
import Domain

/// Everything that a report shows, as londid told it.
struct ReportData: Sendable {
    /// What of one queue may not be there, and then why.
    enum Part<Value: Sendable>: Sendable {
        case there(Value)
        case missing(String)
    }

    var first: DayKey
    var last: DayKey
    var madeAt: Timestamp
    var status: Status.Reply
    var queues: [QueueName]
    /// By queue and day.
    var spend: [SpendRow]
    var total: SpendRow
    /// Today's.
    var budgets: [BudgetView]
    var jobs: ReportJobs.Reply
    var curves: [(queue: QueueName, part: Part<[EvaluationView]>)] = []
    var maps: [(queue: QueueName, part: Part<MapPolicy.Reply>)] = []
    /// The dearest jobs, the dearest first.
    var dearest: [ExplainJob.Reply] = []
    var books: Part<VerifyBooks.Reply> = .missing("")

    /// Asks for all of it.
    /// - Parameter tell: what is being read, for whoever waits.
    static func read(
        from first: DayKey, queue: QueueName?, _ session: Session, now: Timestamp, _ tell: (String) -> Void
    ) async throws(CommandError) -> ReportData {
        tell("spend and budgets")
        let spend = try await session.call(ReportSpend.self, .init(from: first, by: [.queue, .day], queue: queue))
        let budgets = try await session.call(ShowBudgets.self, .init(queue: queue)).budgets
        tell("jobs")
        let jobs = try await session.call(ReportJobs.self, .init(from: first, queue: queue))
        let last = max(first, (budgets.map(\.day) + spend.rows.compactMap(\.day)).max() ?? first)
        var data = ReportData(
            first: first, last: last, madeAt: now, status: try await session.call(Status.self, .init()),
            queues: budgets.map(\.queue), spend: spend.rows, total: spend.total, budgets: budgets, jobs: jobs)
        // A queue without a judged job has learnt nothing.
        let learnt = data.queues.filter { queue in jobs.learning.contains { $0.queue == queue } }
        for (index, queue) in learnt.enumerated() {
            tell("what \(queue) has learnt, queue \(index + 1) of \(learnt.count)")
            data.curves.append(
                (
                    queue,
                    try await part { () throws(CommandError) in
                        try await session.call(CurvePolicy.self, .init(queue: queue)).policies
                    }
                ))
            data.maps.append(
                (
                    queue,
                    try await part { () throws(CommandError) in
                        try await session.call(MapPolicy.self, .init(queue: queue))
                    }
                ))
        }
        tell("the dearest jobs")
        for job in jobs.dearest { data.dearest.append(try await session.call(ExplainJob.self, .init(job: job))) }
        tell("the ledger")
        data.books = try await part { () throws(CommandError) in try await session.call(VerifyBooks.self, .init()) }
        return data
    }

    /// What londid refuses for a reason of its own is left out and said to be.
    private static func part<Value: Sendable>(
        _ read: () async throws(CommandError) -> Value
    ) async throws(CommandError) -> Part<Value> {
        do throws(CommandError) { return .there(try await read()) } catch {
            guard case .control(let cause) = error, [.conflict, .notPermitted].contains(ExitCode(cause)) else {
                throw error
            }
            return .missing(cause.description)
        }
    }

    /// The days of the report, in order.
    var days: [DayKey] {
        (first.daysSinceEpoch...last.daysSinceEpoch).map(DayKey.init(daysSinceEpoch:))
    }
}
