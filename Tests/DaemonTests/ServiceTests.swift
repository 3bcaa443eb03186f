import Control
import Domain
import Episodes
import Glibc
import Storage
import Testing

@testable import Daemon

/// What clients are told, by a whole londid over its socket, about jobs and batches in every state.
@Suite(.timeLimit(.minutes(5))) struct ControlServices {
    private static let ann = User(uid: 1000, name: "ann")
    private static let bob = User(uid: 1001, name: "bob")
    private static let start = Timestamp(milliseconds: 1_795_000_000_000)
    private static let refusal = BudgetRefusal(
        scope: .tokens, limit: 500, spent: 300, reserved: 150, resetsAt: Timestamp(milliseconds: 1_795_132_800_000))

    /// Two queues; a batch whose one job failed for its budget (b1), one abandoned (b2), one of the other queue (b3);
    /// then jobs of bob and ann in turns, ann's the last.
    private static func prepare(_ store: Store) async throws {
        for name in ["maths", "physics"] {
            try await store.createQueue(try QueueName(name), QueueSettings(), by: ann, now: start)
        }
        func batch(_ queue: String, hash: String) async throws -> BatchID {
            let batch = try await store.beginBatch(
                queue: try QueueName(queue), submitter: ann, fileName: nil, now: start)
            let specification = #"{"messages":[{"role":"user","content":"x"}]}"#
            try await store.appendJobs(
                [NewJob(line: 1, customID: "p", specification: specification)], to: batch, now: start)
            guard !hash.isEmpty else {
                try await store.abandonBatch(batch)
                return batch
            }
            _ = try await store.commitBatch(
                batch, sha256: String(repeating: hash, count: 64), allowDuplicate: false, now: start)
            return batch
        }
        _ = try await batch("maths", hash: "1")
        let claim = try #require(try await store.claim(now: start)).claim
        _ = try await store.settleJob(
            claim,
            .failed(JobFailure(code: BudgetRefusal.faultCode, message: "no calls are left", refusal: Self.refusal)),
            now: start)
        _ = try await batch("maths", hash: "")
        _ = try await batch("physics", hash: "3")
        for user in [bob, ann, bob, ann, ann] {
            _ = try await store.submitJob(
                NewJob(specification: "{}"), queue: try QueueName("maths"), submitter: user, now: start)
        }
    }

    private func withClient(_ body: (ControlClient, String) async throws -> Void) async throws {
        let daemon = try await RunningDaemon(Self.prepare)
        try await daemon.run { path in try await body(try ControlClient.connect(path: path), path) }
    }

    @Test func `limits count what passes the filter`() async throws {
        try await withClient { client, _ in
            let jobs = try await client.call(ListJobs.self, .init(user: "bob", limit: 2)).jobs
            #expect(jobs.map(\.user) == ["bob", "bob"])
            let batches = try await client.call(ListBatches.self, .init(queue: try QueueName("maths"), limit: 1))
                .batches
            #expect(batches.map(\.batch) == [BatchID(1)])
        }
    }

    @Test func `limits below one are refused`() async throws {
        let error = ControlError.invalidParameter("limit: 0 was given, a number from 1 was expected")
        try await withClient { client, _ in
            let queue = try QueueName("maths")
            await #expect(throws: error) { try await client.call(ListJobs.self, .init(limit: 0)) }
            await #expect(throws: error) { try await client.call(ListBatches.self, .init(limit: 0)) }
            await #expect(throws: error) {
                try await client.call(ListPolicyVersions.self, .init(queue: queue, limit: 0))
            }
        }
    }

    @Test func `filters that name nothing are told so`() async throws {
        try await withClient { client, _ in
            let queue = try QueueName("nowhere")
            await #expect(throws: ControlError.notFound(kind: "batch", name: "b99")) {
                try await client.call(ListJobs.self, .init(batch: BatchID(99)))
            }
            await #expect(throws: ControlError.notFound(kind: "queue", name: "nowhere")) {
                try await client.call(ListBatches.self, .init(queue: queue))
            }
        }
    }

    @Test func `a batch that is open is a conflict, and one that was abandoned is not there`() async throws {
        try await withClient { client, path in
            await #expect(throws: ControlError.notFound(kind: "batch", name: "b2")) {
                try await client.call(ShowBatch.self, .init(batch: BatchID(2)))
            }
            let other = try ControlClient.connect(path: path)
            let open = try await other.call(BeginBatch.self, .init(queue: try QueueName("maths"))).batch
            await #expect(
                throws: ControlError.conflict(
                    what: "batch \(open) is not queued yet: its lines are still being submitted",
                    remedy: "ask again when they are")
            ) { try await client.call(Wait.self, .init(batch: open)) }
            withExtendedLifetime(other) {}
        }
    }

    /// By this code scripts tell a spent budget from everything else that can go wrong.
    @Test func `a job that its budget refused says so everywhere`() async throws {
        try await withClient { client, _ in
            #expect(try await client.call(Wait.self, .init(batch: BatchID(1))).faultCode == "budget-exhausted")
            #expect(try await client.call(Wait.self, .init(job: JobID(1))).faultCode == "budget-exhausted")
            let job = try await client.call(ShowJob.self, .init(job: JobID(1))).job
            #expect(job.faultCode == "budget-exhausted" && job.refusal == Self.refusal)
            var replies = try await client.stream(Results.self, .init(batch: BatchID(1), follow: false))
            let line = try #require(try await replies.next()?.lines.first)
            let result = try JSONReader.value(of: line.line)
            #expect(result["error"]?["code"] == .string("budget-exhausted"))
            #expect(
                try result["londi"]?["refusal"]
                    == JSONReader.value(
                        of: #"{"limit_source":"queue","scope":"tokens","limit":500,"spent":300,"reserved":150,"#
                            + #""resets_at":"2026-11-20T00:00:00Z"}"#))
            while try await replies.next() != nil {}
            // A job that begins anew was not refused yet.
            _ = try await client.call(Retry.self, .init(jobs: [JobID(1)]))
            #expect(try await client.call(ShowJob.self, .init(job: JobID(1))).job.refusal == nil)
        }
    }

    @Test func `values out of range are refused with their range`() async throws {
        try await withClient { client, _ in
            let queue = try QueueName("maths")
            func refused(
                _ argument: String, _ change: (inout SubmitJob.Parameters) -> Void
            ) async {
                var parameters = SubmitJob.Parameters(
                    queue: queue, specification: JobSpecification(messages: [Message(role: "user", content: "x")]))
                change(&parameters)
                let changed = parameters
                let error = await #expect(throws: ControlError.self) { try await client.call(SubmitJob.self, changed) }
                guard case .invalidArgument(argument, _, _) = error else {
                    Issue.record("\(argument): \(String(describing: error))")
                    return
                }
            }
            await refused("priority") { $0.priority = 1001 }
            await refused("maxAttempts") { $0.maxAttempts = 0 }
            await refused("maxSteps") { $0.specification.maxSteps = 10_001 }
            await refused("idempotencyKey") { $0.idempotencyKey = String(repeating: "k", count: 257) }
            await refused("answerMarker") { $0.specification.answerMarker = "" }
            await refused("verifier") { $0.specification.verifier = .regex(pattern: "(") }
            await #expect(
                throws: ControlError.invalidArgument(
                    argument: "priority", value: "-1001", remedy: "use a whole number from -1000 to 1000")
            ) { try await client.call(BeginBatch.self, .init(queue: queue, priority: -1001)) }
            await #expect(
                throws: ControlError.invalidArgument(
                    argument: "reward", value: "1000.5", remedy: "use a number from -1000 to 1000")
            ) { try await client.call(Feedback.self, .init(job: JobID(1), reward: 1000.5)) }
        }
    }
}
