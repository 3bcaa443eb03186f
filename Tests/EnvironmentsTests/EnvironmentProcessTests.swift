import Domain
import Environments
import Glibc
import Processes
import Testing

/// Environments are other people's programs: whatever they do, londid must notice it in time and be rid of them.
@Suite(.timeLimit(.minutes(5)))
struct EnvironmentProcessTests {
    private func episode(
        _ configuration: EnvironmentConfiguration, seed: Int64 = 2, options: [String: String] = [:]
    ) async throws -> EnvironmentEpisode {
        try await EnvironmentEpisode(in: EnvironmentProcess.start(configuration), seed: seed, options: options)
    }

    @Test func `an episode goes from its reset to its end`() async throws {
        var episode = try await episode(scripted())
        #expect(
            episode.opening
                == Opening(goal: "go to cell 3", observation: "You are in cell 0 of 10.", maxSteps: 20))
        #expect(episode.actions == ["left", "right"])
        #expect(try await episode.act("right") == Observation(text: "You are in cell 1 of 10."))
        #expect(try await episode.act("right") == Observation(text: "You are in cell 2 of 10."))
        #expect(
            try await episode.act("right")
                == Observation(text: "You are in cell 3 of 10.", reward: 1, end: .terminated, success: true))
    }

    /// A model may say anything; that is its own mistake and not the environment's.
    @Test func `an unknown action is answered and changes nothing`() async throws {
        var episode = try await episode(scripted())
        #expect(try await episode.act("fly") == Observation(text: "there is no action 'fly'"))
        #expect(try await episode.act("right") == Observation(text: "You are in cell 1 of 10."))
    }

    @Test func `the environment's own limit truncates`() async throws {
        var episode = try await episode(scripted(), options: ["limit": "1"])
        let observation = try await episode.act("left")
        #expect(observation == Observation(text: "You are in cell 0 of 10.", end: .truncated))
    }

    /// What is found after a fault must name it, with the program's own last words.
    @Test(arguments: [
        ("die", "ended with exit status 7"), ("child", "ended with exit status 3"), ("close", "ended with signal 9"),
        ("flood", "sent a line of more than 4194304 bytes"), ("garbage", "answered step with something else"),
        ("other-number", "sent a line that nobody asked for"), ("other-step", "step 77, not 2"),
        ("other-reward", "reward 5.0 is not from 0.0 to 1.0"), ("no-reward", "reward"),
        ("internal", "failed at step (-32603): no idea"),
    ])
    func `a fault ends the process, and is told with its last lines`(fault: String, words: String) async throws {
        var episode = try await episode(scripted(), options: ["fault": fault])
        _ = try await episode.act("right")
        let error = try await #require(throws: EnvironmentError.self) { try await episode.act("right") }
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.hasSuffix("its last lines: about to \(fault)"), "\(error)")
        #expect(error.isPassing)
        #expect(!episode.process.isUsable)
        let later = try await #require(throws: EnvironmentError.self) { try await episode.act("right") }
        #expect(later.description.contains("the environment 'corridor'"))
    }

    /// A leak is the program's own end, not the machine's.
    @Test func `what leaks ends at its own limit of memory`() async throws {
        var configuration = scripted()
        configuration.memoryBytes = 512 << 20
        var episode = try await episode(configuration, options: ["fault": "leak"])
        _ = try await episode.act("right")
        let error = try await #require(throws: EnvironmentError.self) { try await episode.act("right") }
        #expect(error.description.contains("ended with exit status 1"), "\(error)")
        #expect(error.description.hasSuffix("MemoryError"), "\(error)")
    }

    @Test func `what hangs is killed at its deadline`() async throws {
        var episode = try await episode(scripted(stepMilliseconds: 8000), options: ["fault": "hang"])
        _ = try await episode.act("right")
        let clock = ContinuousClock()
        let began = clock.now
        let error = try await #require(throws: EnvironmentError.self) { try await episode.act("right") }
        #expect(error.description.contains("did not answer step within 8.0 s; its last lines: about to hang"))
        #expect(clock.now - began < .seconds(20))
        #expect(!episode.process.isUsable)
    }

    /// A line beside the answers would be taken for the next one.
    @Test func `a line that nobody asked for ends the process`() async throws {
        var episode = try await episode(scripted(), options: ["fault": "babble"])
        _ = try await episode.act("right")
        do { _ = try await episode.act("right") } catch {
            // Where the line came before the answer was taken.
        }
        let error = try await #require(throws: EnvironmentError.self) { try await episode.act("right") }
        #expect(error.description.contains("nobody asked for: 'by the way'"), "\(error)")
    }

    @Test(arguments: [("silent", "did not answer initialize"), ("deaf", "did not answer initialize")])
    func `a program that does not introduce itself is not taken`(fault: String, words: String) async throws {
        var configuration = scripted(fault)
        configuration.startMilliseconds = 1000
        let error = try await #require(throws: EnvironmentError.self) {
            try await EnvironmentProcess.start(configuration)
        }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test func `another version of the protocol is refused`() async throws {
        let error = try await #require(throws: EnvironmentError.self) {
            try await EnvironmentProcess.start(scripted("other-version"))
        }
        #expect(error.description.contains("protocol_version 2"), "\(error)")
    }

    @Test func `a program that is not there is named`() async throws {
        var configuration = scripted()
        configuration.path = "/nowhere/environment"
        let error = try await #require(throws: EnvironmentError.self) {
            try await EnvironmentProcess.start(configuration)
        }
        #expect(error == .notStarted(name: "corridor", .notFound(path: "/nowhere/environment")))
    }

    /// The job's own mistake: another attempt would come to the same.
    @Test(arguments: [(["task": "maze"], -32001), (["color": "red"], -32602)])
    func `an unknown task or option is the job's fault`(options: [String: String], code: Int) async throws {
        let process = try await EnvironmentProcess.start(scripted())
        let error = try await #require(throws: EnvironmentError.self) {
            try await EnvironmentEpisode(in: process, seed: 1, options: options)
        }
        guard case .refused(_, "reset", code, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!error.isPassing)
        #expect(process.isUsable)
    }

    @Test func `a cancelled caller leaves no process behind`() async throws {
        var begun = try await episode(scripted(), options: ["fault": "hang"])
        _ = try await begun.act("right")
        let episode = begun
        let task = Task {
            var episode = episode
            return await #expect(throws: EnvironmentError.cancelled) { try await episode.act("right") }
        }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        _ = await task.value
        #expect(!episode.process.isUsable)
    }

    /// After `kill -9` the recorded actions lead back to where the episode stood.
    @Test func `recorded actions lead a new process to the same place`() async throws {
        var first = try await episode(scripted())
        let actions = ["right", "jump", "right"]
        var recorded: [(action: String, observation: Observation)] = []
        for action in actions { recorded.append((action, try await first.act(action))) }
        var second = try await episode(scripted())
        #expect(second.opening == first.opening)
        try await second.replay(recorded)
        #expect(try await second.act("right") == first.act("right"))
    }

    @Test func `an answer that differs from the recorded one is told`() async throws {
        var episode = try await episode(scripted())
        let recorded = [(action: "right", observation: Observation(text: "You are in cell 5 of 10."))]
        let error = try await #require(throws: EnvironmentError.self) { try await episode.replay(recorded) }
        #expect(
            error
                == .diverged(
                    name: "corridor", step: 1, recorded: "You are in cell 5 of 10.", found: "You are in cell 1 of 10."))
    }
}
