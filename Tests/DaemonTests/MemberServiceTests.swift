import Control
import Domain
import Episodes
import Generation
import Hashing
import Storage
import Synchronization
import Testing

@testable import Daemon

/// What a member of the group sees of another's jobs, batches and of the queue that both use, by every method that there is.
@Suite(.timeLimit(.minutes(5))) struct MemberServices {
    private static let (ann, bob) = (User(uid: 1000, name: "ann"), User(uid: 1001, name: "bob"))
    /// Words that only ann's jobs have.
    private static let secrets = [
        "annsprompt", "annsanswer", "annsnumber", "annsid", "annsfile", "annskey", "annsmodel", "\"ann\"",
    ]

    private static func maths() throws -> QueueName { try QueueName("maths") }

    /// Ids that a caller names.
    private struct Target {
        var job: JobID
        var batch: BatchID
        var open: BatchID

        static let absent = Target(job: JobID(987_654), batch: BatchID(987_654), open: BatchID(987_654))
    }

    private enum Expectation {
        /// Members may not ask at all.
        case denied
        /// Just what is said where there is no such job or batch.
        case asIfAbsent
        /// It is answered, and nothing of ann's is in it.
        case withoutSecrets
    }

    private struct Row {
        let method: String
        let expectation: Expectation
        /// All that is answered, as text.
        let answer: @Sendable (String, Target) async throws -> String
    }

    private static func row<Method: ControlMethod>(
        _ method: Method.Type, _ expectation: Expectation, replies: Int = .max,
        _ parameters: @escaping @Sendable (Target) -> Method.Parameters
    ) -> Row {
        Row(method: Method.name, expectation: expectation) { path, target in
            let client = try ControlClient.connect(path: path)
            var stream = try await client.stream(Method.self, parameters(target))
            var text = ""
            var count = 0
            while count < replies, let reply = try await stream.next() {
                text += JSONText.text(of: reply)
                count += 1
            }
            return text
        }
    }

    private static let specification = JobSpecification(messages: [Message(role: "user", content: "hello")])

    private static var methods: Set<String> {
        Set(
            InterfaceDescription.text.split(separator: "\n").filter { $0.hasPrefix("method ") }.map {
                "io.londi.\($0.dropFirst(7).prefix { $0 != "(" })"
            })
    }

    private static func rows(_ maths: QueueName) -> [Row] {
        [
            row(Status.self, .withoutSecrets) { _ in .init() },
            row(CreateQueue.self, .denied) { _ in .init(name: maths, settings: QueueSettings()) },
            row(SetQueue.self, .denied) { _ in .init(name: maths, changes: QueueChanges(cost: 0)) },
            row(ListQueues.self, .withoutSecrets) { _ in .init() },
            // The same key of another user is another job's.
            row(SubmitJob.self, .withoutSecrets) { _ in
                .init(queue: maths, specification: specification, idempotencyKey: "annskey")
            },
            row(SubmitJob.self, .asIfAbsent) { .init(queue: maths, specification: specification, afterOK: [$0.job]) },
            row(SubmitJob.self, .asIfAbsent) { .init(queue: maths, specification: specification, afterAny: [$0.job]) },
            row(BeginBatch.self, .asIfAbsent) { .init(queue: maths, afterOK: [$0.job]) },
            row(AppendLines.self, .asIfAbsent) { .init(batch: $0.open, firstLine: 2, lines: ["{}"]) },
            row(CommitBatch.self, .asIfAbsent) { .init(batch: $0.open, sha256: "00", allowDuplicate: false) },
            row(AbandonBatch.self, .asIfAbsent) { .init(batch: $0.open) },
            row(ListJobs.self, .withoutSecrets) { _ in .init() },
            row(ListJobs.self, .withoutSecrets) { _ in .init(queue: maths, states: JobState.allCases, user: "ann") },
            row(ListJobs.self, .asIfAbsent) { .init(batch: $0.batch) },
            row(ShowJob.self, .asIfAbsent) { .init(job: $0.job) },
            row(ExplainJob.self, .asIfAbsent) { .init(job: $0.job) },
            row(WatchJob.self, .asIfAbsent) { .init(job: $0.job) },
            row(Cancel.self, .asIfAbsent) { .init(job: $0.job) },
            row(Cancel.self, .asIfAbsent) { .init(batch: $0.batch) },
            row(Retry.self, .asIfAbsent) { .init(jobs: [$0.job]) },
            row(Retry.self, .asIfAbsent) { .init(batch: $0.batch) },
            row(Retry.self, .withoutSecrets) { _ in .init(queue: maths, cancelled: true) },
            row(Feedback.self, .asIfAbsent) { .init(job: $0.job, reward: 0) },
            row(ListBatches.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(ShowBatch.self, .asIfAbsent) { .init(batch: $0.batch) },
            row(ShowBatch.self, .asIfAbsent) { .init(batch: $0.open) },
            row(Wait.self, .asIfAbsent) { .init(job: $0.job) },
            row(Wait.self, .asIfAbsent) { .init(batch: $0.batch) },
            row(Wait.self, .withoutSecrets, replies: 1) { _ in .init(queue: maths) },
            row(Results.self, .asIfAbsent) { .init(batch: $0.batch, follow: false) },
            row(ShowBudgets.self, .withoutSecrets) { _ in .init() },
            row(GrantBudget.self, .denied) { _ in .init(queue: maths, amount: .zero) },
            row(RevokeGrants.self, .denied) { _ in .init(queue: maths) },
            row(SetBudgetDay.self, .denied) { _ in .init(queue: maths) },
            row(ReportSpend.self, .withoutSecrets) { _ in .init(by: SpendGroup.allCases) },
            row(ListEvents.self, .denied) { _ in .init() },
            row(ReadMetrics.self, .withoutSecrets) { _ in .init() },
            row(ReportJobs.self, .withoutSecrets) { _ in .init(from: DayKey(year: 2000, month: 1, day: 1)) },
            row(ShowPolicy.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(ListPolicyVersions.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(ListPolicies.self, .withoutSecrets) { _ in .init() },
            row(ListPolicyEvents.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(FreezePolicy.self, .denied) { _ in .init(queue: maths) },
            row(ThawPolicy.self, .denied) { _ in .init(queue: maths) },
            row(RollBackPolicy.self, .denied) { _ in .init(queue: maths) },
            row(ExportPolicy.self, .denied) { _ in .init(queue: maths) },
            row(ImportPolicy.self, .denied) { _ in .init(queue: maths, data: "", force: true) },
            row(EvaluatePolicy.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(CurvePolicy.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(MapPolicy.self, .withoutSecrets) { _ in .init(queue: maths, row: "number") },
            row(MapPolicy.self, .withoutSecrets) { _ in .init(queue: maths) },
            row(VerifyBooks.self, .denied) { _ in .init() },
            row(ExportLedger.self, .denied) { _ in .init() },
            row(ReplayPolicy.self, .denied) { _ in .init(queue: maths) },
            row(Prune.self, .denied) { _ in .init(dryRun: true) },
            row(Backup.self, .denied) { _ in .init() },
            row(Reload.self, .denied) { _ in .init() },
            row(CheckEnvironment.self, .denied) { _ in .init(name: "rooms") },
            row(Diagnose.self, .denied) { _ in .init() },
            row(ShowConfiguration.self, .denied) { _ in .init() },
            row(DescribeState.self, .denied) { _ in .init() },
        ]
    }

    /// What ann does: a batch with a line of every kind of secret, a job that runs and will not end, a judged job, and a
    /// batch that is still open on the returned connection.
    private func prepare(_ path: String) async throws -> (Target, ControlClient) {
        let maths = try Self.maths()
        let client = try ControlClient.connect(path: path)
        let line =
            #"{"custom_id":"annsid","method":"POST","url":"/v1/chat/completions","body":{"model":"annsmodel","#
            + #""messages":[{"role":"user","content":"annsprompt"}],"metadata":{"number":"annsnumber"}}}"#
        let batch = try await client.call(BeginBatch.self, .init(queue: maths, fileName: "annsfile")).batch
        _ = try await client.call(AppendLines.self, .init(batch: batch, firstLine: 1, lines: [line]))
        let hash = SHA256()
        hash.update(line + "\n")
        _ = try await client.call(
            CommitBatch.self, .init(batch: batch, sha256: hexadecimal(hash.finish()), allowDuplicate: false))
        var waiting = try await client.stream(Wait.self, .init(batch: batch))
        while let reply = try await waiting.next(), !reply.finished {}
        let job = try #require(try await client.call(ListJobs.self, .init()).jobs.first).job
        _ = try await client.call(Feedback.self, .init(job: job, reward: 1))
        let slow = JobSpecification(
            messages: [Message(role: "user", content: "slow annsprompt")],
            metadata: .object(["number": .string("annsnumber")]))
        _ = try await client.call(
            SubmitJob.self, .init(queue: maths, specification: slow, idempotencyKey: "annskey"))
        let open = try await client.call(BeginBatch.self, .init(queue: maths, fileName: "annsfile")).batch
        return (Target(job: job, batch: batch, open: open), client)
    }

    @Test func `a member is told nothing of another's jobs by any method`() async throws {
        let rows = Self.rows(try Self.maths())
        #expect(Set(rows.map(\.method)) == Self.methods)
        let (maths, caller) = (try Self.maths(), OtherCaller())
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(
                maths, QueueSettings(), by: User(uid: 0, name: "root"), now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        daemon.caller = caller
        try await daemon.run { path in
            caller.become(Self.ann, .member)
            let (target, connection) = try await prepare(path)
            caller.become(Self.bob, .member)
            for row in rows { try await check(row, path, target) }
            // The checks can fail: to an administrator the words are there.
            caller.become(User(uid: 0, name: "root"), .admin)
            let client = try ControlClient.connect(path: path)
            let map = try await client.call(MapPolicy.self, .init(queue: maths, row: "number"))
            #expect(map.rows == ["annsnumber"])
            let shown = JSONText.text(of: try await client.call(ExplainJob.self, .init(job: target.job)))
            #expect(shown.contains("annsprompt") && shown.contains("annsid"))
            withExtendedLifetime(connection) {}
        }
    }

    private func check(_ row: Row, _ path: String, _ target: Target) async throws {
        var said = ""
        do { said = try await row.answer(path, target) } catch { said = "\(error)" }
        for secret in Self.secrets { #expect(!said.contains(secret), "\(row.method): \(said)") }
        switch row.expectation {
        case .withoutSecrets: break
        case .denied:
            let error = await #expect(throws: ControlError.self) { try await row.answer(path, target) }
            guard case .permissionDenied = error else {
                Issue.record("\(row.method): \(String(describing: error))")
                return
            }
        case .asIfAbsent:
            var absent = ""
            do { absent = try await row.answer(path, .absent) } catch { absent = "\(error)" }
            let ids =
                [(target.job.description, Target.absent.job.description)]
                + [target.batch, target.open].map { ($0.description, Target.absent.batch.description) }
            // What is said differs by the number alone.
            #expect(ids.contains { said.replacing($0.0, with: $0.1) == absent }, "\(row.method): \(said), \(absent)")
            #expect(said.contains("no ") || said.contains("not"), "\(row.method): \(said)")
        }
    }

    @Test func `a member's priorities are bounded, alone and on a line, an administrator's are not`() async throws {
        let (maths, caller) = (try Self.maths(), OtherCaller())
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(
                maths, QueueSettings(isPaused: true), by: User(uid: 0, name: "root"),
                now: Timestamp(milliseconds: 0))
        }
        daemon.caller = caller
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            let line =
                #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"londi","#
                + #""messages":[{"role":"user","content":"x"}]},"londi":{"priority":101}}"#
            func submit(_ priority: Int) async throws {
                _ = try await client.call(
                    SubmitJob.self, .init(queue: maths, specification: Self.specification, priority: priority))
            }
            func append() async throws -> [LineError] {
                let batch = try await client.call(BeginBatch.self, .init(queue: maths)).batch
                return try await client.call(AppendLines.self, .init(batch: batch, firstLine: 1, lines: [line])).errors
            }
            caller.become(Self.bob, .member)
            let error = ControlError.invalidArgument(
                argument: "priority", value: "101",
                remedy: "use a whole number from -100 to 100; administrators may ask for -1000 to 1000")
            await #expect(throws: error) { try await submit(101) }
            await #expect(throws: error) {
                try await client.call(BeginBatch.self, .init(queue: maths, priority: 101))
            }
            #expect(try await append().count == 1)
            for priority in [-100, 100] { try await submit(priority) }
            caller.become(User(uid: 0, name: "root"), .admin)
            try await submit(1_000)
            #expect(try await append().isEmpty)
        }
    }

    @Test func `a member's open batches leave room for the others'`() async throws {
        let (maths, caller) = (try Self.maths(), OtherCaller())
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(
                maths, QueueSettings(), by: User(uid: 0, name: "root"), now: Timestamp(milliseconds: 0))
        }
        daemon.caller = caller
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            caller.become(Self.bob, .member)
            for _ in 1...BatchIntake.openLimitOfUser { _ = try await client.call(BeginBatch.self, .init(queue: maths)) }
            let error = await #expect(throws: ControlError.self) {
                try await client.call(BeginBatch.self, .init(queue: maths))
            }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            caller.become(Self.ann, .member)
            _ = try await client.call(BeginBatch.self, .init(queue: maths))
        }
    }
}
