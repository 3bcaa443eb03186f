import Control
import Domain
import Foundation
import Generation
import Storage
import Testing

@testable import Daemon

/// A job whose request ends or hangs a server, beside others: the workers, the store and the engines are the real ones, the
/// servers are processes that do what mortal.py says.
@Suite(.timeLimit(.minutes(10)), .serialized) struct MortalServers {
    private static let ann = User(uid: 0, name: "root")
    private static let script =
        "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/mortal.py"

    /// Engines whose servers are processes of the script.
    private struct Pair {
        let files: TemporaryState
        let engines: [EngineRole: any Engine]

        init(_ roles: [EngineRole], requestLimit: Duration) throws {
            let files = try TemporaryState()
            self.files = files
            let model = "\(files.directory)/model.gguf"
            // Version 3, without tensors and metadata.
            let header = Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 16)
            try Data(header).write(to: URL(fileURLWithPath: model))
            let configurations = roles.map { role in
                EngineConfiguration(
                    role: role,
                    source: .local(
                        LocalEngine(
                            isEncoder: role == .encoder, executable: MortalServers.script, modelPath: model, slots: 2,
                            gpuLayers: 0, socketPath: "\(files.directory)/\(role.rawValue).sock")))
            }
            let policy = RestartPolicy(
                firstPause: .milliseconds(50), requestLimit: requestLimit, loadingPause: .milliseconds(20),
                graceMilliseconds: 100)
            let memory = MemoryGate(engines: configurations, availableHostBytes: { nil })
            var engines: [EngineRole: any Engine] = [:]
            for configuration in configurations {
                engines[configuration.role] = makeEngine(
                    configuration, memory: memory, time: MonotonicTime(ContinuousClock()), policy: policy,
                    log: { _ in })
            }
            self.engines = engines
        }
    }

    /// Runs one bad job among `count` good ones.
    private func expectOnlyBadFails(
        _ prompt: String, among count: Int, by switcher: SwitcherKind = .alwaysQuick,
        roles: [EngineRole] = [.quick, .deepthink], requestLimit: Duration = .seconds(60)
    ) async throws {
        let queue = try QueueName("q")
        func job(_ content: String) -> NewJob {
            NewJob(
                specification: JSONText.text(
                    of: JobSpecification(messages: [Message(role: "user", content: content)])))
        }
        let bad = 3
        var daemon = try await RunningDaemon { store in
            let now = Timestamp(milliseconds: 0)
            try await store.createQueue(
                queue, QueueSettings(switcher: SwitcherSettings(kind: switcher)), by: Self.ann, now: now)
            for number in 1...(count + 1) {
                _ = try await store.submitJob(
                    job(number == bad ? prompt : "question \(number)"), queue: queue, submitter: Self.ann, now: now)
            }
        }
        let pair = try Pair(roles, requestLimit: requestLimit)
        daemon.engines = pair.engines
        daemon.hasEncoder = roles.contains(.encoder)
        daemon.slots = 4
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            for number in 1...(count + 1) {
                _ = try await client.call(Wait.self, .init(job: JobID(Int64(number))))
            }
            let view = try await client.call(ShowJob.self, .init(job: JobID(Int64(bad)))).job
            let fault = view.fault ?? ""
            #expect(view.faultCode == "model-error")
            #expect(
                fault.contains("of this job's and no other") || fault.contains("no answer and no progress"), "\(fault)")
            #expect(try await client.call(VerifyBooks.self, .init()).differences == [])
        }
        let reader = try await daemon.store().makeReader()
        for number in 1...(count + 1) {
            let record = try await reader.job(JobID(Int64(number))).job
            #expect(record.state == (number == bad ? .failed : .completed), "job \(number)")
            #expect(record.failedAttempts == (number == bad ? 3 : 0), "job \(number)")
        }
    }

    @Test(arguments: ["/apply-template", "/tokenize", "/completion"])
    func `a job that kills a server at each request fails, and a hundred others complete`(path: String) async throws {
        try await expectOnlyBadFails("die at \(path)", among: 100)
    }

    @Test func `so it does where DEEPTHINK's server dies of its step`() async throws {
        try await expectOnlyBadFails("die at /completion", among: 20, by: .alwaysDeepthink)
    }

    @Test func `so it does where the encoder's server dies of its text`() async throws {
        try await expectOnlyBadFails("die at /v1/embeddings", among: 20, roles: [.quick, .deepthink, .encoder])
    }

    @Test(arguments: ["/apply-template", "/tokenize", "/completion"])
    func `a job that hangs a server at each request fails, and the others complete`(path: String) async throws {
        try await expectOnlyBadFails("hang at \(path)", among: 20, requestLimit: .milliseconds(1500))
    }

    @Test func `so it does where the encoder's server hangs of its text`() async throws {
        try await expectOnlyBadFails(
            "hang at /v1/embeddings", among: 20, roles: [.quick, .deepthink, .encoder],
            requestLimit: .milliseconds(1500))
    }
}
