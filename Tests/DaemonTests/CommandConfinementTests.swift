import Domain
import Environments
import Episodes
import Foundation
import Processes
import Testing

@testable import Daemon

/// What verifiers and environments are kept from is on unless an administrator says otherwise, and never forgotten.
@Suite(.enabled(if: Confinement.kernelVersion > 0, "this kernel has no Landlock"))
struct CommandConfinementTests {
    private static let models = "[Quick]\nModel=/q\n[Deepthink]\nModel=/d\n"

    private func load(_ text: String, places: ConfigurationLoader.Places = .system) throws -> Configuration {
        let directory = try TemporaryState()
        let path = "\(directory.directory)/londid.conf"
        try (Self.models + text).write(toFile: path, atomically: true, encoding: .utf8)
        return try ConfigurationLoader.load(path: path, places: places)
    }

    private func problems(_ text: String) -> [String] {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        return error?.problems.map(\.message) ?? []
    }

    @Test func `commands are confined without a word, away from the places of this londid`() throws {
        let places = ConfigurationLoader.Places.system.with(
            ["TMPDIR": "/big", "CREDENTIALS_DIRECTORY": "/run/credentials/x"])
        let configuration = try load(
            "[Daemon]\nStateDirectory=/srv/state\n[Verifier v]\nCommand=/bin/sh\n[Environment e]\nCommand=/bin/sh\n",
            places: places)
        let expected = Confinement(
            hidden: ["/srv/state", "/run/londi", "/run/credentials/x"], scratchParent: "/big", allowsNetwork: false,
            mostTasks: 512)
        #expect(configuration.verifiers[0].confinement == expected)
        #expect(configuration.environments[0].confinement == expected)
        #expect(configuration.trustWarning == nil)
    }

    @Test func `network and tasks are a section's own`() throws {
        let configuration = try load(
            "[Verifier v]\nCommand=/bin/sh\nNetwork=yes\nTasksMax=7\n[Verifier w]\nCommand=/bin/sh\nNetwork=no\n")
        #expect(configuration.verifiers.map { $0.confinement?.allowsNetwork } == [true, false])
        #expect(configuration.verifiers.map { $0.confinement?.mostTasks } == [7, 512])
        #expect(configuration.verifiers[0].confinement?.scratchParent == "/tmp")
    }

    @Test func `a command that is trusted is warned about`() throws {
        let configuration = try load("[Verifier v]\nCommand=/bin/sh\nConfine=no\n[Verifier w]\nCommand=/bin/sh\n")
        #expect(configuration.verifiers.map { $0.confinement == nil } == [true, false])
        #expect(
            configuration.trustWarning
                == "Confine=no: [Verifier v] can read and change the state, and do whatever else londid may")
    }

    @Test func `what makes no sense together is refused`() {
        let found = problems("[Verifier v]\nCommand=/bin/sh\nConfine=no\nNetwork=yes\nTasksMax=2\n")
        let complaint = "holds for a confined command only; remove it, or Confine=no"
        #expect(found == ["Network=yes \(complaint)", "TasksMax=2 \(complaint)"])
        let inside = problems("[Daemon]\nStateDirectory=/bin\n[Verifier v]\nCommand=/bin/sh\n")
        #expect(
            inside == ["Command=/bin/sh names a program in a directory that it has no access to; put it elsewhere"])
        #expect(problems("[Verifier v]\nCommand=/bin/sh\nTasksMax=0\n").first?.hasPrefix("TasksMax=0 is not") == true)
        #expect(problems("[Verifier v]\nCommand=/bin/sh\nConfine=maybe\n") == ["Confine=maybe is none of yes, no"])
    }

    @Test func `servers are kept from londid's own and from others' keys, unless they are trusted`() throws {
        let configuration = try load(
            "[Daemon]\nStateDirectory=/srv/state\n[Encoder]\nKind=model\nModel=/e\nConfine=no\n")
        #expect(configuration.hidden(from: .quick) == ["/srv/state", "/run/londi"])
        #expect(configuration.hidden(from: .encoder) == nil)
        #expect(
            configuration.trustWarning
                == "Confine=no: [Encoder] can read and change the state, and do whatever else londid may")
        var remote = configuration
        remote.deepthink = .init(url: "https://a", apiKeyFile: "/etc/londi/key")
        #expect(remote.hidden(from: .quick) == ["/srv/state", "/run/londi", "/etc/londi/key"])
        #expect(
            problems("[Encoder]\nKind=model\nUrl=http://a\nConfine=no\n")
                == ["Confine=no belongs to Model=; remove it where Url= is given"])
    }

    @Test func `a kernel that cannot keep servers from the state is told of once`() throws {
        var configuration = try load("")
        #expect(configuration.kernelWarning(landlockVersion: 1) == nil)
        #expect(configuration.kernelWarning(landlockVersion: 0)?.hasPrefix("this kernel has no Landlock") == true)
        configuration.quick = .init(url: "http://a")
        configuration.deepthink.isConfined = false
        #expect(configuration.kernelWarning(landlockVersion: 0) == nil)
    }

    /// The state stays where it is until a restart, whatever the file says by then.
    @Test func `a reload that moves the state hides it where it still is`() throws {
        let verifier = "[Verifier v]\nCommand=/bin/sh\n"
        let first = try load("[Daemon]\nStateDirectory=/old\n" + verifier)
        let moved = try load("[Daemon]\nStateDirectory=/new\n" + verifier)
        let live = LiveConfiguration(first) { () throws(ConfigurationError) in moved }
        #expect(try live.reload() == .init(applied: [], needRestart: ["StateDirectory"]))
        #expect(live.current.verifiers[0].confinement?.hidden == ["/old", "/run/londi"])
    }
}
