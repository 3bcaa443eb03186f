import Control
import Domain
import Synchronization

extension Command {
    static let top = Command(
        words: ["top"], summary: "Show servers, queues, budgets and running jobs as they are now, again and again",
        options: [
            CommandOption("interval", "SECONDS", "between two looks, 1 to 3600; 2 by default"),
            CommandOption("once", nil, "look once; so where the output is no terminal that can be drawn over"),
        ],
        examples: ["top", "top --once", "top --json"]
    ) { invocation async throws(CommandError) in
        let interval = try invocation.integer("interval") ?? 2
        guard (1...3600).contains(interval) else {
            throw .usage("--interval '\(interval)' is out of range: use 1 to 3600 seconds")
        }
        let isOnce = invocation.isSet("once") || invocation.isForMachines || !invocation.console.movesCursor
        InterruptNotice.set("\n")
        var daemon = try Reconnection(invocation)
        var before: TopLook?
        while true {
            do throws(CommandError) {
                let session = try daemon.session()
                while true {
                    let look = try await TopLook.read(session, invocation.console.now())
                    daemon.noteReply()
                    if invocation.isForMachines {
                        invocation.writeObject(look)
                    } else {
                        let frame = try TopFrame(look: look, before: before).text(invocation)
                        // To the upper left corner, and erase what is below.
                        invocation.console.write(isOnce ? frame : "\u{1b}[H\u{1b}[J\(frame)")
                    }
                    if isOnce { return .ok }
                    before = look
                    await Pause.seconds(interval).wait()
                }
            } catch { try await daemon.pause(after: error) }
        }
    }
}

/// What `top` sees at one time.
struct TopLook: Encodable, Sendable {
    /// A running job and the step that is being written.
    struct Job: Encodable, Sendable {
        var job: JobView
        /// nil between two steps.
        var step: StepView?
    }

    var at: Timestamp
    var status: Status.Reply
    var queues: [QueueView]
    var budgets: [BudgetView]
    /// The newest.
    var running: [Job]
    /// Since yesterday, of both models: what grows between two looks is their speed.
    var spend: SpendRow

    private static let jobLimit = 16

    static func read(_ session: Session, _ now: Timestamp) async throws(CommandError) -> TopLook {
        var running: [Job] = []
        let jobs = try await session.call(ListJobs.self, .init(states: [.running], limit: jobLimit)).jobs
        for job in jobs {
            let explained = try await session.call(ExplainJob.self, .init(job: job.job))
            running.append(Job(job: explained.job, step: explained.steps.last { $0.state == .running }))
        }
        let yesterday = DayKey(daysSinceEpoch: now.milliseconds / 86_400_000 - 1)
        return TopLook(
            at: now, status: try await session.call(Status.self, .init()),
            queues: try await session.call(ListQueues.self, .init()).queues,
            budgets: try await session.call(ShowBudgets.self, .init()).budgets, running: running,
            spend: try await session.call(ReportSpend.self, .init(from: yesterday, by: [])).total)
    }
}

/// One picture of `top`.
struct TopFrame {
    let look: TopLook
    /// The look before, for speeds.
    let before: TopLook?

    func text(_ invocation: Invocation) throws(CommandError) -> String {
        let picture = Picture()
        var inner = invocation
        inner.console.write = { picture.add($0) }
        // What there is no room for has no place either.
        inner.console.complain = { _ in }
        let paint = invocation.console.paint
        let status = look.status
        picture.add(
            "londid \(status.version), started \(Phrase.relative(status.startedAt, now: look.at)); "
                + "\(Phrase.counts(status.jobs))\n\n")
        var engines = try Listing(engineColumns, inner)
        engines.print(status.engines)
        picture.add("\n")
        var queues = try Listing(queueColumns, inner)
        queues.print(look.queues)
        guard !look.running.isEmpty else { return picture.text + "\n\(paint("no job runs", .faint))\n" }
        picture.add("\n")
        var jobs = try Listing(jobColumns, inner)
        jobs.print(look.running)
        return picture.text
    }

    /// Tokens a second since the look before; nil without one.
    func speed(_ role: EngineRole) -> Double? {
        guard let before, look.at > before.at else { return nil }
        let (new, old) =
            switch role {
            case .quick: (look.spend.quick.tokens, before.spend.quick.tokens)
            case .deepthink: (look.spend.deepthink.tokens, before.spend.deepthink.tokens)
            case .encoder: (Int64(0), Int64(0))
            }
        guard new >= old, role != .encoder else { return nil }
        return Double(new - old) * 1000 / Double(look.at.milliseconds - before.at.milliseconds)
    }

    private var engineColumns: [Column<EngineView>] {
        [
            Column("role") { Phrase.role($0.role) },
            Column("state", style: { $0.state.style }) { $0.state.rawValue },
            Column("device") { $0.device ?? "" },
            Column("busy", isRight: true) { "\($0.busySlots)/\($0.slots)" },
            Column("tokens_s", isRight: true) { speed($0.role).map { Phrase.number($0, digits: 1) } ?? "-" },
            Column("restarts", isRight: true, isMinor: true) { "\($0.restarts)" },
            Column("model") { $0.fault ?? $0.model },
        ]
    }

    private var queueColumns: [Column<QueueView>] {
        let budgets = Dictionary(look.budgets.map { ($0.queue, $0) }, uniquingKeysWith: { $1 })
        return [
            Column("queue") { $0.name.text },
            Column("pending", isRight: true) { "\($0.jobs.pending)" },
            Column("held", isRight: true) { "\($0.jobs.held)" },
            Column("running", isRight: true) { "\($0.jobs.running)" },
            Column("used", style: { budgets[$0.name]?.style }) { budgets[$0.name]?.usedBar ?? "" },
            Column("burn", isRight: true) { queue in budgets[queue.name].map { Phrase.burn($0) } ?? "" },
            Column("exhausts") { queue in
                budgets[queue.name]?.burn?.exhaustedAt.map { Phrase.relative($0, now: look.at) } ?? "-"
            },
            Column("price", isRight: true) { queue in
                budgets[queue.name]?.pacing.map { Phrase.number($0.price) } ?? "-"
            },
            Column("resets", isMinor: true) { Phrase.relative(budgets[$0.name]?.resetsAt, now: look.at) },
        ]
    }

    private var jobColumns: [Column<TopLook.Job>] {
        [
            Column("job", isRight: true) { "\($0.job.job)" },
            Column("queue") { $0.job.queue.text },
            Column("user", isMinor: true) { $0.job.user },
            Column("step", isRight: true) { "\($0.step?.index ?? $0.job.steps)" },
            Column("writes", style: { $0.step?.role.style }) { $0.step.map { Phrase.role($0.role) } ?? "" },
            Column("for") { Phrase.duration(look.at.milliseconds - ($0.step?.startedAt ?? look.at).milliseconds) },
            Column("deepthink", isRight: true) { "\($0.job.deepthinkSteps)" },
            Column("running") { Phrase.relative($0.job.startedAt, now: look.at) },
            Column("id", isMinor: true) { $0.job.customID ?? "" },
        ]
    }

    private final class Picture: Sendable {
        private let value = Mutex("")
        var text: String { value.withLock { $0 } }
        func add(_ text: String) { value.withLock { $0 += text } }
    }
}
