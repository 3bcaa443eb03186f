import Control
import Domain
import Storage
import Switching
import Testing

@testable import Daemon

/// A whole londid whose encoder is a model.
@Suite(.timeLimit(.minutes(5))) struct EncoderService {
    private static let ann = User(uid: 0, name: "root")

    @Test func `its features are recorded, and status and policy name it`() async throws {
        let queue = try QueueName("maths")
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(queue, QueueSettings(), by: Self.ann, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [
            .quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink), .encoder: ScriptedEngine(.encoder),
        ]
        daemon.hasEncoder = true
        let identity = ModelEncoder(modelIdentity: "scripted-encoder").identity
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            let question = JobSpecification(messages: [Message(role: "user", content: "2 + 2?")])
            let job = try await client.call(SubmitJob.self, .init(queue: queue, specification: question)).job
            let end = try await client.call(Wait.self, .init(job: job))
            #expect(end.finished && end.counts.completed == 1)
            let engines = try await client.call(Status.self, .init()).engines
            #expect(engines.map(\.role) == [.quick, .deepthink, .encoder])
            #expect(engines[2].model == "scripted-encoder" && engines[2].state == .ready)
            #expect(try await client.call(ShowPolicy.self, .init(queue: queue)).policy.encoder == identity)
        }
        let steps = try await daemon.store().makeReader().steps(JobID(1))
        #expect(!steps.isEmpty)
        #expect(steps.allSatisfy { $0.features.count == ModelEncoder(modelIdentity: "").featureCount })
    }
}
