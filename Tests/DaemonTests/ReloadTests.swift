import Control
import Domain
import Environments
import Episodes
import Synchronization
import Testing

@testable import Daemon

/// A reload changes what can change while jobs run, names the rest, and leaves all as it was where the file is wrong.
@Suite struct Reloads {
    private static let start = configuration()

    private static func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        var configuration = Configuration(
            stateDirectory: "/s", runtimeDirectory: "/r", memberGroup: "m", adminGroup: "a", logLevel: .error,
            drainSeconds: 1, stepSeconds: 2, quick: .init(model: "/q"), deepthink: .init(model: "/d"), verifiers: [])
        change(&configuration)
        return configuration
    }

    private static let command = VerifierCommand(
        name: "v", path: "/bin/true", arguments: [], timeLimitMilliseconds: 1, memoryLimitBytes: 1, confinement: nil)

    @Test func `what can change live does, and the rest is named as long as it differs`() throws {
        let file = Mutex(
            Self.configuration {
                $0.logLevel = .debug
                $0.drainSeconds = 9
                $0.verifiers = [Self.command]
                $0.memberGroup = "others"
                $0.deepthink.slots = 7
                $0.encoder = .init(model: "/e")
            })
        let live = LiveConfiguration(Self.start) { () throws(ConfigurationError) in file.withLock(\.self) }
        let change = try live.reload()
        #expect(change.applied == ["LogLevel", "DrainSeconds", "[Verifier]"])
        #expect(change.needRestart == ["MemberGroup", "[Deepthink] Slots", "[Encoder]"])
        #expect(live.current.drainSeconds == 9 && live.current.memberGroup == "m")
        #expect(try live.reload() == .init(applied: [], needRestart: change.needRestart))
        file.withLock { $0 = Self.start }
        #expect(try live.reload() == .init(applied: ["LogLevel", "DrainSeconds", "[Verifier]"], needRestart: []))
    }

    @Test func `verifiers that came by a reload judge at once, and those that went no longer`() async throws {
        let file = Mutex(Self.configuration { $0.verifiers = [Self.command] })
        let live = LiveConfiguration(Self.start) { () throws(ConfigurationError) in file.withLock(\.self) }
        let judge = Judge(commands: Self.start.verifiers)
        let reloading = Reloading(
            configuration: live, judge: judge, log: Log(threshold: .error))
        let verifier = Verifier.command(name: "v", arguments: .null)
        await #expect(throws: VerificationError.self) { try await judge.check(verifier) }
        _ = try reloading.reload()
        try await judge.check(verifier)
        file.withLock { $0 = Self.start }
        _ = try reloading.reload()
        await #expect(throws: VerificationError.self) { try await judge.check(verifier) }
    }

    @Test func `what a reload would come to is known before it`() throws {
        let new = Self.configuration { $0.drainSeconds = 8 }
        let live = LiveConfiguration(Self.start) { () throws(ConfigurationError) in new }
        #expect(try live.pending() == .init(applied: ["DrainSeconds"], needRestart: []))
        #expect(live.current == Self.start)
    }

    @Test func `every key is told with its value in force`() {
        let configuration = Self.configuration {
            $0.verifiers = [Self.command]
            $0.quick.extraArguments = ["-a", "b"]
            $0.quick.thinks = true
        }
        let live = LiveConfiguration(configuration) { () throws(ConfigurationError) in configuration }
        let values = Dictionary(uniqueKeysWithValues: live.entries.map { ($0.key, $0.value) })
        #expect(values["DrainSeconds"] == "\(configuration.drainSeconds)")
        #expect(values["[Verifier]"] == Self.command.name)
        #expect(values["[Quick] ExtraArguments"] == "-a b")
        #expect(values["[Quick] Think"] == "yes")
        #expect(values["[Deepthink] Think"] == "no")
        #expect(values["MetricsFile"] == "")
        #expect(values["[Encoder] Model"] == nil)
    }

    @Test func `a file with a mistake changes nothing`() throws {
        let problem = ConfigurationError(problems: [.init(file: "/f", line: 3, message: "m")])
        let live = LiveConfiguration(Self.start) { () throws(ConfigurationError) in throw problem }
        #expect(throws: problem) { try live.reload() }
        #expect(live.current == Self.start)
    }

    /// Every key that a reload compares is one of the configuration: a new one must be compared too.
    @Test func `each setting that differs is named`() throws {
        let changes: [(inout Configuration) -> Void] = [
            { $0.stateDirectory = "/x" }, { $0.runtimeDirectory = "/x" }, { $0.memberGroup = "x" },
            { $0.adminGroup = "x" }, { $0.logLevel = .debug }, { $0.drainSeconds = 8 }, { $0.stepSeconds = 8 },
            { $0.serverProgram = "/x" }, { $0.encoder = .init() }, { $0.verifiers = [Self.command] },
            { $0.quick.model = "/x" }, { $0.quick.sha256 = "x" }, { $0.quick.url = "/x" }, { $0.quick.context = 8 },
            { $0.quick.slots = 8 }, { $0.quick.gpuLayers = 8 }, { $0.quick.threads = 8 },
            { $0.quick.extraArguments = ["x"] }, { $0.quick.instructions = "x" }, { $0.quick.temperature = 8 },
            { $0.quick.stallSeconds = 8 }, { $0.quick.thinks = true }, { $0.quick.modelName = "x" },
            { $0.quick.caFile = "/x" }, { $0.quick.apiKeyFile = "/x" }, { $0.quick.apiKeyCredential = "x" },
            { $0.quick.rpcServers = ["x:1"] }, { $0.quick.isConfined = false },
            { $0.environments = [EnvironmentConfiguration(name: "x", path: "/x")] }, { $0.metricsFile = "/x.prom" },
            { $0.metricsSeconds = 8 }, { $0.messageMemoryMegabytes = 300 },
        ]
        // What is not changed here: DEEPTHINK's, which are QUICK's too, and the directories of the environment.
        #expect(
            Mirror(reflecting: Self.start).children.count - 2 + Mirror(reflecting: Self.start.quick).children.count
                == changes.count + 2, "one of the two has got a setting")
        for (index, change) in changes.enumerated() {
            let new = Self.configuration(change)
            let live = LiveConfiguration(Self.start) { () throws(ConfigurationError) in new }
            let found = try live.reload()
            #expect(found.applied.count + found.needRestart.count == 1, "setting \(index): \(found)")
        }
    }
}
