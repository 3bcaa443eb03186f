import Control
import Domain
import Episodes
import FoundationEssentials
import Generation
import Storage
import Switching
import Testing

@testable import Daemon

/// Policies over the socket of a whole londid whose models answer at once: what comes in force, goes out and comes back.
@Suite(.timeLimit(.minutes(5))) struct PolicyServices {
    private static func daemon() async throws -> RunningDaemon {
        var daemon = try await RunningDaemon { store in
            let user = User(uid: 0, name: "root")
            try await store.createQueue(
                try QueueName("maths"), QueueSettings(), by: user, now: Timestamp(milliseconds: 0))
            try await store.createQueue(
                try QueueName("physics"), QueueSettings(), by: user, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        return daemon
    }

    /// Runs jobs of one queue to their ends, and waits for a version in force.
    private static func run(_ count: Int, _ client: ControlClient) async throws -> Int64 {
        let queue = try QueueName("maths")
        for number in 0..<count {
            let specification = JobSpecification(
                messages: [Message(role: "user", content: "\(number)?")],
                verifier: .exact(answer: "yes", ignoresCase: false),
                metadata: .object(["room": .string(number.isMultiple(of: 2) ? "hallway" : "workshop")]))
            let job = try await client.call(SubmitJob.self, .init(queue: queue, specification: specification)).job
            let waiting = try await client.stream(Wait.self, .init(job: job))
            var replies = waiting
            while let reply = try await replies.next(), !reply.finished {}
        }
        while true {
            let policy = try await client.call(ShowPolicy.self, .init(queue: queue)).policy
            if policy.version > 0 { return policy.version }
            await Task.yield()
        }
    }

    @Test func `a policy goes out of one queue and into another, and is changed by hand`() async throws {
        try await Self.daemon().run { path in
            let client = try ControlClient.connect(path: path)
            let (maths, physics) = (try QueueName("maths"), try QueueName("physics"))
            let version = try await Self.run(25, client)
            let exported = try await client.call(ExportPolicy.self, .init(queue: maths))
            #expect(exported.version >= version)

            await #expect(throws: ControlError.self) {
                try await client.call(ImportPolicy.self, .init(queue: physics, data: exported.data, force: false))
            }
            let imported = try await client.call(
                ImportPolicy.self, .init(queue: physics, data: exported.data, force: true)
            ).version
            #expect(imported.version == 1 && imported.isImported && imported.isCurrent && imported.verdict == .forced)
            #expect(try await client.call(ShowPolicy.self, .init(queue: physics)).policy.version == 1)
            let replayed = try await client.stream(ReplayPolicy.self, .init(queue: physics))
            var replies = replayed
            var verdicts: [ReplayVerdict] = []
            while let reply = try await replies.next() { verdicts += reply.versions.map(\.verdict) }
            #expect(verdicts == [.notReproducible])

            let frozen = try await client.call(FreezePolicy.self, .init(queue: physics, reason: "why")).event
            #expect(frozen.isFrozen && frozen.version == 1 && frozen.reason == "why")
            await #expect(throws: ControlError.self) {
                try await client.call(FreezePolicy.self, .init(queue: physics))
            }
            await #expect(throws: ControlError.notFound(kind: "policy", name: "9 of queue physics")) {
                try await client.call(RollBackPolicy.self, .init(queue: physics, version: 9))
            }
            let thawed = try await client.call(ThawPolicy.self, .init(queue: physics)).event
            #expect(!thawed.isFrozen && thawed.version == 1)
            let events = try await client.call(ListPolicyEvents.self, .init(queue: physics)).events
            #expect(events.map(\.action) == [.thaw, .freeze, .import])
            #expect(events.allSatisfy { $0.user != nil })
            let policies = try await client.call(ListPolicies.self, .init()).policies
            #expect(policies.first { $0.queue == physics }?.state?.action == .thaw)
        }
    }

    /// What is no policy, or one of another encoder, must not become a version.
    @Test func `a file that does not fit is refused and nothing is kept`() async throws {
        try await Self.daemon().run { path in
            let client = try ControlClient.connect(path: path)
            let physics = try QueueName("physics")
            for data in ["", "AAEC", "not base64"] {
                await #expect(throws: ControlError.self) {
                    try await client.call(ImportPolicy.self, .init(queue: physics, data: data, force: true))
                }
            }
            let other = HashedEncoder(bucketCount: 8)
            let policy = Policy(
                kind: .fittedQ, version: 1, encoderIdentity: other.identity, pairKey: "a+b",
                body: try FittedQ().learn(
                    from: [], settings: SwitcherSettings(), featureCount: other.featureCount), episodeCount: 0,
                throughOutcome: 0)
            let data = Data(policy.bytes).base64EncodedString()
            await #expect(throws: ControlError.self) {
                try await client.call(ImportPolicy.self, .init(queue: physics, data: data, force: true))
            }
            #expect(try await client.call(ListPolicyVersions.self, .init(queue: physics)).versions.isEmpty)
            await #expect(throws: ControlError.notFound(kind: "policy", name: "in force of queue physics")) {
                try await client.call(ExportPolicy.self, .init(queue: physics))
            }
        }
    }

    @Test func `estimates and heat-maps come from the jobs that ran`() async throws {
        try await Self.daemon().run { path in
            let client = try ControlClient.connect(path: path)
            let (maths, physics) = (try QueueName("maths"), try QueueName("physics"))
            _ = try await Self.run(30, client)
            let reply = try await client.call(EvaluatePolicy.self, .init(queue: maths, budget: 0, kind: .random))
            #expect(reply.policies.map(\.policy) == [.random, .alwaysQuick, .alwaysDeepthink])
            // Every answer is right, whoever gives it, and a limit of no calls is always QUICK.
            #expect(reply.policies.allSatisfy { abs($0.estimate.reward.value - 1) < 0.2 })
            #expect(reply.policies[0].estimate == reply.policies[1].estimate)
            let curve = try await client.call(CurvePolicy.self, .init(queue: maths)).policies
            #expect(curve.count == PolicyEvaluation.sweep.count + 5)
            await #expect(throws: ControlError.self) { try await client.call(CurvePolicy.self, .init(queue: physics)) }

            let map = try await client.call(MapPolicy.self, .init(queue: maths))
            #expect(map.row == "room" && Set(map.rows) == ["hallway", "workshop"] && map.columns == ["0"])
            #expect(map.cells.reduce(0) { $0 + $1.quick + $1.deepthink } == 30)
            let budgets = try await client.call(MapPolicy.self, .init(queue: maths, row: "step", column: "budget"))
            #expect(budgets.rows == ["0.0"] && budgets.columns.count == 5)
            await #expect(throws: ControlError.self) {
                try await client.call(MapPolicy.self, .init(queue: maths, row: "colour"))
            }
        }
    }
}
