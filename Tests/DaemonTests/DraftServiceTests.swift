import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// Drafts and budgets of single jobs, by a whole londid over its socket.
@Suite(.timeLimit(.minutes(5))) struct DraftServices {
    private static let root = User(uid: 0, name: "root")

    private func withClient(_ settings: QueueSettings, _ body: (ControlClient, QueueName) async throws -> Void)
        async throws
    {
        let queue = try QueueName("q")
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(queue, settings, by: Self.root, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            try await body(client, queue)
            #expect(try await client.call(VerifyBooks.self, .init()).differences == [])
        }
    }

    private func submit(
        _ client: ControlClient, _ queue: QueueName, _ prompt: String = "?", calls: Int? = nil
    ) async throws -> JobID {
        let specification = JobSpecification(messages: [Message(role: "user", content: prompt)])
        return try await client.call(
            SubmitJob.self, .init(queue: queue, specification: specification, deepthinkCalls: calls)
        ).job
    }

    private func ended(_ client: ControlClient, _ job: JobID) async throws -> (job: JobView, steps: [StepView]) {
        while true {
            let reply = try await client.call(ExplainJob.self, .init(job: job))
            if reply.job.state.isTerminal { return (reply.job, reply.steps) }
            await Task.yield()
        }
    }

    @Test func `a job's own limit is kept, shown and told as the reason`() async throws {
        let settings = QueueSettings(
            onBudget: .fail, deepthinkCallsPerJob: 3, observe: .draft,
            switcher: SwitcherSettings(kind: .alwaysDeepthink))
        try await withClient(
            settings,
            { client, queue in
                #expect(try await client.call(ListQueues.self, .init()).queues.map(\.settings) == [settings])
                let free = try await ended(client, try await submit(client, queue))
                #expect(free.steps.map(\.draft) == [.replaced, nil])
                #expect(free.steps.map(\.role) == [.quick, .deepthink])
                #expect(free.job.steps == 1 && free.job.quickSpend.calls == 1 && free.job.deepthinkSpend.calls == 1)
                let bound = try await ended(client, try await submit(client, queue, calls: 0))
                #expect(bound.job.state == .completed && bound.job.deepthinkCalls == 0)
                #expect(bound.steps.map(\.draft) == [.kept])
                #expect(bound.steps.map(\.decision.maskReason) == [.jobCalls])
                let policy = try await client.call(ShowPolicy.self, .init(queue: queue)).policy
                #expect(policy.masks == [MaskCount(reason: .jobCalls, count: 1)])
            })
    }

    /// The queue's limit as it is when a step begins.
    @Test func `a queue's limit on its jobs' calls can be changed and taken away`() async throws {
        try await withClient(QueueSettings(switcher: SwitcherSettings(kind: .alwaysDeepthink))) { client, queue in
            for (changes, role) in [
                (QueueChanges(deepthinkCallsPerJob: 0), Role.quick),
                (QueueChanges(removeLimits: [.jobCalls]), .deepthink),
            ] {
                _ = try await client.call(SetQueue.self, .init(name: queue, changes: changes))
                let steps = try await ended(client, try await submit(client, queue)).steps
                #expect(steps.map(\.role) == [role])
                #expect(steps.map(\.draft) == [nil])
            }
        }
    }

    /// What the model wrote until then is booked, as it is of a step.
    @Test func `a job that is cancelled while QUICK drafts keeps the use of the draft`() async throws {
        try await withClient(QueueSettings(observe: .draft)) { client, queue in
            let job = try await submit(client, queue, "slow")
            while try await client.call(ShowJob.self, .init(job: job)).job.state != .running { await Task.yield() }
            // The draft has no step until it is decided, so the server says that it is written.
            while try await client.call(Status.self, .init()).engines[0].busySlots == 0 { await Task.yield() }
            _ = try await client.call(Cancel.self, .init(job: job))
            var steps: [StepView] = []
            while steps.isEmpty { steps = try await client.call(ExplainJob.self, .init(job: job)).steps }
            #expect(steps.map(\.draft) == [.dropped])
            #expect(steps.map(\.state) == [.abandoned])
            #expect(try await client.call(ShowJob.self, .init(job: job)).job.quickSpend == Spend(calls: 1, tokens: 1))
        }
    }
}
