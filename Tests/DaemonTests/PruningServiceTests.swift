import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// Pruning and draining, by a whole londid over its socket.
@Suite(.timeLimit(.minutes(5))) struct PruningServices {
    private static let ann = User(uid: 1000, name: "ann")
    private static let longAgo = Timestamp(milliseconds: 1_000_000)

    /// Two jobs that ended long ago in each of two queues, of which the first keeps them for a day.
    private static func prepare(_ store: Store) async throws {
        for (name, days) in [("short", 1), ("long", nil)] {
            let queue = try QueueName(name)
            try await store.createQueue(queue, QueueSettings(retentionDays: days), by: ann, now: longAgo)
            for _ in 1...2 {
                let specification = #"{"messages":[{"role":"user","content":"x"}]}"#
                let job = try await store.submitJob(
                    NewJob(specification: specification), queue: queue, submitter: ann, now: longAgo
                ).job
                _ = try await store.cancelJob(job, by: ann, now: longAgo)
            }
        }
    }

    private func withClient(_ body: (ControlClient) async throws -> Void) async throws {
        let daemon = try await RunningDaemon(Self.prepare)
        try await daemon.run { path in try await body(try ControlClient.connect(path: path)) }
    }

    @Test func `what a queue's retention lets go goes by itself`() async throws {
        try await withClient { client in
            var left = [JobView]()
            repeat {
                left = try await client.call(ListJobs.self, .init()).jobs
            } while left.count > 2
            #expect(left.map(\.queue.text) == ["long", "long"])
        }
    }

    @Test func `a pruned job is told so, with what remains of it`() async throws {
        try await withClient { client in
            let all = Prune.Parameters(before: Timestamp(milliseconds: 2_000_000), dryRun: true)
            let long = try QueueName("long")
            var query = all
            query.queue = long
            #expect(try await client.call(Prune.self, query) == Prune.Reply(jobs: 2, finished: true))
            #expect(try await client.call(ShowJob.self, .init(job: JobID(4))).job.state == .cancelled)
            query.dryRun = false
            #expect(try await client.call(Prune.self, query) == Prune.Reply(jobs: 2, finished: true))
            #expect(try await client.call(Prune.self, query) == Prune.Reply(jobs: 0, finished: true))
            let error = await #expect(throws: ControlError.self) {
                try await client.call(ShowJob.self, .init(job: JobID(4)))
            }
            guard case .pruned(JobID(4), _, ledgerEntries: 0) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await #expect(throws: ControlError.notFound(kind: "job", name: "99")) {
                try await client.call(ShowJob.self, .init(job: JobID(99)))
            }
            #expect(try await client.call(VerifyBooks.self, .init()).differences == [])
            await #expect(
                throws: ControlError.conflict(
                    what: "queue long keeps its jobs for ever",
                    remedy: "name a date with --before, or set its --retention")
            ) { try await client.call(Prune.self, .init(queue: long, dryRun: false)) }
        }
    }

    @Test func `a draining queue says what to do, and its wait ends when nothing is left`() async throws {
        try await withClient { client in
            let queue = try QueueName("long")
            let submit = SubmitJob.Parameters(
                queue: queue, specification: JobSpecification(messages: [Message(role: "user", content: "x")]))
            let job = try await client.call(SubmitJob.self, submit).job
            let drain = SetQueue.Parameters(name: queue, changes: QueueChanges(isDraining: true))
            #expect(try await client.call(SetQueue.self, drain).queue.settings.isDraining)
            let refusal = ControlError.conflict(
                what: "queue long is draining and takes no new jobs",
                remedy: "use another queue, or open it with `londictl queue resume long`")
            await #expect(throws: refusal) { try await client.call(SubmitJob.self, submit) }
            await #expect(throws: refusal) { try await client.call(BeginBatch.self, .init(queue: queue)) }
            var replies = try await client.stream(Wait.self, .init(queue: queue))
            let first = try await replies.next()
            #expect(first?.total == 1 && first?.finished == false)
            withExtendedLifetime(job) {}
        }
        try await withClient { client in
            let queue = try QueueName("long")
            let reply = try await client.call(Wait.self, .init(queue: queue))
            #expect(reply.finished)
        }
    }
}
