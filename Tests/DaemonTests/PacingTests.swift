import Control
import Domain
import Generation
import Hashing
import Storage
import Testing

@testable import Daemon

/// A whole londid over its socket: the second batch of a day gets its share of the budget.
@Suite(.timeLimit(.minutes(5))) struct PacedQueues {
    private struct Client {
        let client: ControlClient
        let queue: QueueName

        /// Until londid has learnt from the days before.
        func awaitPolicy() async throws {
            while try await client.call(ShowPolicy.self, .init(queue: queue)).policy.version == 0 { await Task.yield() }
        }

        /// The DEEPTHINK calls of the day after one more batch of twenty jobs.
        func callsAfterBatch(_ name: String) async throws -> Int64 {
            let batch = try await client.call(BeginBatch.self, .init(queue: queue)).batch
            let lines = (1...20).map { number in
                #"{"custom_id":"\#(name)-\#(number)","method":"POST","url":"/v1/chat/completions","#
                    + #""body":{"messages":[{"role":"user","content":"\#(PacedHistory.question)"}]}}"#
            }
            _ = try await client.call(AppendLines.self, .init(batch: batch, firstLine: 1, lines: lines))
            let digest = hexadecimal(SHA256.digest(of: lines.map { $0 + "\n" }.joined()))
            _ = try await client.call(
                CommitBatch.self, .init(batch: batch, sha256: digest, allowDuplicate: false))
            while true {
                let queues = try await client.call(ListQueues.self, NoFields()).queues
                let jobs = queues.first { $0.name == queue }?.jobs
                if jobs?.pending == 0, jobs?.running == 0 { break }
                await Task.yield()
            }
            return try await budget().spent.calls
        }

        func budget() async throws -> BudgetView {
            guard let budget = try await client.call(ShowBudgets.self, .init(queue: queue)).budgets.first else {
                throw Missing()
            }
            return budget
        }
    }

    private struct Missing: Error {}

    private func run(_ pacing: Pacing, _ body: (Client) async throws -> Void) async throws {
        let now = WallClock().now()
        let history = try PacedHistory("maths", pacing: pacing, zone: PacedHistory.noonZone(at: now), now: now)
        var daemon = try await RunningDaemon { try await history.write(to: $0) }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        try await daemon.run { path in
            let client = Client(client: try ControlClient.connect(path: path), queue: history.queue)
            try await client.awaitPolicy()
            try await body(client)
        }
    }

    @Test func `without pacing the first batch takes all and the second gets nothing`() async throws {
        try await run(.off) { client in
            let pacing = try await client.budget().pacing
            #expect(pacing == nil)
            let first = try await client.callsAfterBatch("a")
            #expect(first == 20)
            let both = try await client.callsAfterBatch("b")
            #expect(both == 20)
        }
    }

    @Test func `with pacing the second batch gets its share, and no call too many is made`() async throws {
        try await run(.auto) { client in
            let before = try #require(try await client.budget().pacing)
            #expect(before.callsLeft == 20)
            let first = try await client.callsAfterBatch("a")
            #expect((4...16).contains(first), "\(first) of 20 calls")
            let both = try await client.callsAfterBatch("b")
            #expect(both > first && both <= 20, "\(first), then \(both) of 20 calls")
            let after = try #require(try await client.budget().pacing)
            #expect(after.callsLeft == Double(20 - both))
            let job = try await client.client.call(ListJobs.self, .init(queue: client.queue, limit: 1)).jobs[0].job
            let step = try #require(try await client.client.call(ExplainJob.self, .init(job: job)).steps.first)
            #expect(step.decision.price != nil)
        }
    }
}
