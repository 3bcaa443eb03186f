import Episodes
import Foundation
import Testing

@testable import Daemon

/// londid.conf is what an administrator meets first: every mistake is named with its file and line.
@Suite struct ConfigurationFiles {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "londi-\(UUID().uuidString)")

    private func load(_ text: String, dropIns: [String: String] = [:]) throws -> Configuration {
        let path = directory.appending(path: "londid.conf")
        let dropInDirectory = directory.appending(path: "londid.conf.d")
        try FileManager.default.createDirectory(at: dropInDirectory, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: directory) } catch { Issue.record("\(error)") }
        }
        try text.write(to: path, atomically: true, encoding: .utf8)
        for (name, text) in dropIns {
            try text.write(to: dropInDirectory.appending(path: name), atomically: true, encoding: .utf8)
        }
        return try ConfigurationLoader.load(path: path.path, places: .system)
    }

    /// The messages of every problem, each as `line: message`.
    private func problems(_ text: String, dropIns: [String: String] = [:]) -> [String] {
        do {
            let configuration = try load(text, dropIns: dropIns)
            return ["none: \(configuration)"]
        } catch let error as ConfigurationError {
            return error.problems.map { "\($0.line.map(String.init) ?? "-"): \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }

    private let engines = "[Quick]\nModel=/q.gguf\n[Deepthink]\nModel=/d.gguf\n"

    @Test func `a full file is read as it says`() throws {
        let configuration = try load(
            """
            # a comment
            [Daemon]
            StateDirectory=/srv/londi
            DrainSeconds=5
            LogLevel=debug
            [Quick]
            Model=/models/q.gguf
            Sha256=\(String(repeating: "aB", count: 32))
            Slots=3
            GpuLayers=auto
            Instructions=Answer in one word, \\
              and no more.
            [Deepthink]
            Url=http://127.0.0.1:8080
            GpuLayers=0
            Temperature=0.5
            [Verifier gym]
            Command=/usr/bin/python3 -I "/opt/a b/score.py"
            TimeoutSeconds=7
            """)
        #expect(configuration.stateDirectory == "/srv/londi")
        #expect(configuration.runtimeDirectory == "/run/londi")
        #expect(configuration.drainSeconds == 5)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.quick.sha256 == String(repeating: "ab", count: 32))
        #expect(configuration.quick.gpuLayers == nil)
        #expect(configuration.quick.instructions == "Answer in one word, and no more.")
        #expect(configuration.deepthink.url == "http://127.0.0.1:8080")
        #expect(configuration.deepthink.gpuLayers == 0)
        #expect(configuration.deepthink.temperature == 0.5)
        #expect(configuration.workers == 2)
        #expect(configuration.verifiers.map(\.name) == ["gym"])
        #expect(configuration.verifiers[0].arguments == ["-I", "/opt/a b/score.py"])
        #expect(configuration.verifiers[0].timeLimitMilliseconds == 7000)
    }

    @Test func `drop-ins come after the file, in the order of their names, and unset with an empty value`() throws {
        let configuration = try load(
            engines + "Context=512\n",
            dropIns: [
                "20-b.conf": "[Deepthink]\nSlots=5\nContext=\n", "10-a.conf": "[Deepthink]\nSlots=4\n",
                "ignored.txt": "[Deepthink]\nSlots=9\n",
            ])
        #expect(configuration.deepthink.slots == 5)
        #expect(configuration.deepthink.context == 4096)
    }

    @Test(arguments: [
        ("Slots=2", "1: 'Slots' stands before any [Section]"),
        ("[Quick\n", "1: '[Quick' lacks the closing ]"),
        ("[Quick]\nhello\n", "2: 'hello' is neither [Section] nor Key=Value"),
        ("[Quick]\nSlotz=2\nModel=/q\n", "2: [Quick] has no key 'Slotz'"),
        ("[Nonsense]\nA=1\n", "1: unknown section [Nonsense]"),
        ("[Quick]\nModel=/q\nSlots=many\n", "3: Slots=many is not a whole number from 1 to 256"),
        ("[Quick]\nModel=q.gguf\n", "2: Model=q.gguf is not an absolute path"),
        ("[Quick]\nModel=/q\nUrl=http://x\n", "3: Url=http://x stands beside Model=; give one of the two"),
        ("[Quick]\nModel=/q\nSha256=abc\n", "3: Sha256=abc is not 64 hexadecimal digits"),
        ("[Daemon]\nLogLevel=loud\n", "2: LogLevel=loud is none of error, warning"),
        ("[Verifier x]\nTimeoutSeconds=3\n", "1: [Verifier x] lacks Command="),
        ("[Verifier x]\nCommand=score.py\n", "2: Command=score.py does not begin with an absolute path"),
        ("[Verifier x]\nCommand=/a \"b\n", "2: Command=/a \"b has an opening \""),
        ("[Quick]\nModel=/q\nInstructionsFile=/nowhere\n", "3: InstructionsFile=/nowhere cannot be read: No such file"),
    ])
    func `each mistake is named with its line`(text: String, expected: String) {
        let found = problems(text)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func `a role without a model is missed`() {
        #expect(problems("[Quick]\nModel=/q\n").contains { $0.contains("[Deepthink] lacks Model=") })
    }

    @Test func `all mistakes are reported at once`() {
        #expect(problems("[Quick]\nSlots=0\nContext=1\nModel=q\n").count >= 3)
    }

    @Test func `a file that is not there is an error with its name`() {
        #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader.load(path: "/nowhere/londid.conf", places: .system)
        }
    }

    @Test func `user mode has its places in the XDG directories`() {
        let places = ConfigurationLoader.Places.user(["HOME": "/home/a", "XDG_RUNTIME_DIR": "/run/user/1"])
        #expect(places == .init(stateDirectory: "/home/a/.local/state/londi", runtimeDirectory: "/run/user/1/londi"))
    }
}
