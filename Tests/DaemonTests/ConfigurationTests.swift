import Control
import Environments
import Episodes
import Foundation
import Testing

@testable import Daemon

/// londid.conf is what an administrator meets first: every mistake is named with its file and line.
@Suite struct ConfigurationFiles {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "londi-\(UUID().uuidString)")

    private func load(
        _ text: String, dropIns: [String: String] = [:], places: ConfigurationLoader.Places = .system
    ) throws -> Configuration {
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
        return try ConfigurationLoader.load(path: path.path, places: places)
    }

    /// The messages of every problem, each as `line: message`.
    private func problems(_ text: String, places: ConfigurationLoader.Places = .system) -> [String] {
        do {
            let configuration = try load(text, places: places)
            return ["none: \(configuration)"]
        } catch let error as ConfigurationError {
            return error.problems.map { "\($0.line.map(String.init) ?? "-"): \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }

    private let engines = "[Quick]\nModel=/q.gguf\n[Deepthink]\nModel=/d.gguf\n"

    /// As systemd reads bytes: a mark of syntax stays one beside any other, and only itself is one.
    @Test func `marks of syntax are found by their bytes`() {
        var file = ConfigurationFile()
        file.read("[A b]\r\nx\u{600}=\u{301}y\r\n;c=1\n\u{37e}d=2\n#\u{301}e=3\nf=1\\\r\n 2\n", file: "/c")
        let section = file.sections[.init(name: "A", argument: "b")]
        #expect(section.map { Set($0.entries.keys) } == ["f", "x\u{600}", "\u{37e}d"])
        #expect(section?.entries["x\u{600}"]?.value == "\u{301}y")
        #expect(section?.entries["f"]?.value == "1 2" && section?.entries["f"]?.line == 6)
        #expect(file.problems == [])
    }

    @Test func `words are parted and quoted by bytes`() {
        let heading = ConfigurationFile.Heading(name: "A", argument: "")
        let entry = ConfigurationFile.Entry(value: "a \u{301}b \u{600}\"c d\"\u{301} e", file: "/c", line: 2)
        var reader = SectionReader(heading, .init(file: "/c", line: 1, entries: ["Command": entry]))
        #expect(reader.words("Command") == ["a", "\u{301}b", "\u{600}c d\u{301}", "e"])
        #expect(reader.problems == [])
    }

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
            Threads=2
            Instructions=Answer in one word, \\
              and no more.
            [Deepthink]
            Url=http://127.0.0.1:8080
            Temperature=0.5
            [Verifier gym]
            Command=/bin/sh -e "/opt/a b/score.sh"
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
        #expect(configuration.quick.threads == 2)
        #expect(configuration.deepthink.temperature == 0.5)
        #expect(configuration.workers == 2)
        #expect(configuration.verifiers.map(\.name) == ["gym"])
        #expect(configuration.verifiers[0].arguments == ["-e", "/opt/a b/score.sh"])
        #expect(configuration.verifiers[0].timeLimitMilliseconds == 7000)
    }

    @Test func `a role on other machines is read as it says`() throws {
        let configuration = try load(
            """
            [Quick]
            Model=/q.gguf
            RpcServers=gpu1:50052 192.0.2.7:50053
            [Deepthink]
            Url=https://gpu.example.org/models
            ModelName=large
            CaFile=/etc/londi/ca.pem
            ApiKeyCredential=deepthink-key
            """)
        #expect(configuration.quick.rpcServers == ["gpu1:50052", "192.0.2.7:50053"])
        #expect(configuration.deepthink.url == "https://gpu.example.org/models")
        #expect(configuration.deepthink.modelName == "large")
        #expect(configuration.deepthink.caFile == "/etc/londi/ca.pem")
        #expect(configuration.deepthink.apiKeyCredential == "deepthink-key")
        let local = try load("[Quick]\nUrl=http://[::1]:8080\nApiKeyFile=/k\n[Deepthink]\nModel=/d\n")
        #expect(local.quick.apiKeyFile == "/k", "on this machine the key crosses no network")
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

    @Test func `an encoder is a model of its own or hashed words, and hashed without a section`() throws {
        #expect(try load(engines).encoder == nil)
        #expect(try load(engines + "[Encoder]\nKind=hashed\n").encoder == nil)
        let encoder = try #require(
            try load(engines + "[Encoder]\nKind=model\nModel=/e.gguf\nThreads=1\nSlots=3\n").encoder)
        #expect(encoder.model == "/e.gguf" && encoder.threads == 1 && encoder.slots == 3)
        #expect(encoder.context == 2048, "it evaluates as many tokens at once")
        #expect(try load(engines + "[Encoder]\nKind=model\nUrl=http://x\n").encoder?.url == "http://x")
        // It serves all jobs that run: what runs at once is the pair's affair.
        #expect(try load(engines + "[Encoder]\nKind=model\nModel=/e\nSlots=1\n").workers == 2)
    }

    @Test(arguments: [
        ("[Encoder]\nKind=model\n", "1: [Encoder] lacks Model=: give the path of a GGUF file, or Url="),
        ("[Encoder]\nKind=words\n", "2: Kind=words is none of hashed, model"),
        ("[Encoder]\nModel=/e\n", "2: Model=/e belongs to Kind=model; add that, or remove Model="),
        ("[Encoder]\nKind=hashed\nSlots=2\n", "3: Slots=2 belongs to Kind=model; add that, or remove Slots="),
        ("[Encoder]\nKind=model\nModel=/e\nUrl=/s\n", "4: Url=/s stands beside Model=; give one of the two"),
        (
            "[Encoder]\nKind=model\nModel=/e\nTemperature=1\n",
            "4: [Encoder] has no key 'Temperature'; it has ApiKeyCredential,"
        ),
        ("[Encoder]\nKind=model\nModel=/e\nInstructions=x\n", "4: [Encoder] has no key 'Instructions'"),
        ("[Encoder]\nKind=model\nModel=/e\nContext=1\n", "4: Context=1 is not a whole number from 256"),
        ("[Encoder x]\nKind=model\n", "1: unknown section [Encoder x]"),
        ("[Quick]\nKind=model\nModel=/q\n", "2: [Quick] has no key 'Kind'"),
    ])
    func `each mistake about the encoder is named with its line`(text: String, expected: String) {
        #expect(problems(text).contains { $0.hasPrefix(expected) }, "\(problems(text))")
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
        ("[Daemon]\nMetricsFile=/m.txt\n", "2: MetricsFile=/m.txt does not end in .prom"),
        ("[Verifier x]\nTimeoutSeconds=3\n", "1: [Verifier x] lacks Command="),
        ("[Verifier x]\nCommand=score.py\n", "2: Command=score.py does not begin with an absolute path"),
        ("[Verifier x]\nCommand=/no/such a\n", "2: Command=/no/such a names a program that is not there (/no/such: No"),
        ("[Verifier x]\nCommand=/tmp\n", "2: Command=/tmp names something that londid may not run (/tmp)"),
        ("[Verifier x]\nCommand=/etc/passwd\n", "2: Command=/etc/passwd names something that londid may not run"),
        (
            "[Quick]\nUrl=localhost:8080\n",
            "2: Url=localhost:8080 is none of http://HOST:PORT, https://HOST:PORT, unix:"
        ),
        ("[Quick]\nUrl=unix:relative\n", "2: Url=unix:relative is none of"),
        ("[Quick]\nUrl=http://\n", "2: Url=http:// is none of"),
        ("[Quick]\nUrl=https://h/?key=x\n", "2: Url=https://h/?key=x has a blank, ? or #"),
        ("[Quick]\nUrl=https://me:secret@h\n", "2: Url= holds a name or password; remove it"),
        ("[Quick]\nModel=/q\nModelName=x\n", "3: ModelName=x belongs to Url=; remove it where Model= is given"),
        ("[Quick]\nUrl=http://h\nCaFile=/ca\n", "3: CaFile=/ca belongs to Url=https://"),
        ("[Quick]\nUrl=http://h\nApiKeyFile=/k\n", "3: ApiKeyFile=/k would cross the network for all to read"),
        ("[Quick]\nUrl=http://127.0.0.1.evil.example\nApiKeyCredential=k\n", "3: ApiKeyCredential=k would cross"),
        ("[Quick]\nUrl=https://h\nApiKeyFile=/k\nApiKeyCredential=k\n", "4: ApiKeyCredential=k stands beside"),
        ("[Quick]\nUrl=https://h\nApiKeyCredential=../k\n", "3: ApiKeyCredential=../k is no name of a credential"),
        ("[Quick]\nUrl=https://h\nRpcServers=h:1\n", "3: RpcServers=h:1 belongs to Model="),
        ("[Quick]\nModel=/q\nRpcServers=host\n", "3: RpcServers=host is no list of HOST:PORT"),
        ("[Quick]\nModel=/q\nGpuLayers=0\nRpcServers=h:1\n", "4: RpcServers=h:1 stands beside GpuLayers=0"),
        ("[Quick]\nUrl=/s\nThreads=2\n", "3: Threads=2 belongs to Model=; remove it where Url= is given"),
        ("[Quick]\nUrl=/s\nGpuLayers=auto\n", "3: GpuLayers=auto belongs to Model="),
        ("[Quick]\nUrl=/s\nExtraArguments=-v\n", "3: ExtraArguments=-v belongs to Model="),
        (
            "[Quick]\nModel=/q\nExtraArguments=-fa on --host 127.0.0.1\n",
            "3: ExtraArguments= holds --host, which londid sets itself; remove it"
        ),
        (
            "[Quick]\nModel=/q\nExtraArguments=-c 9\n",
            "3: ExtraArguments= holds -c, which londid sets itself; use Context="
        ),
        (
            "[Quick]\nModel=/q\nExtraArguments='--parallel=2'\n",
            "3: ExtraArguments= holds --parallel, which londid sets"
        ),
        ("[Quick]\nModel=/q\nExtraArguments=--api-key k\n", "3: ExtraArguments= holds --api-key, which londid sets"),
        ("[Quick]\nModel=/q\nExtraArguments='a\n", "3: ExtraArguments='a has an opening ' without a closing one"),
        ("[Environment x]\nStepSeconds=3\n", "1: [Environment x] lacks Command="),
        ("[Environment x]\nCommand=/bin/sh\nMemory=3\n", "3: [Environment x] has no key 'Memory'"),
        ("[Verifier x]\nCommand=/a \"b\n", "2: Command=/a \"b has an opening \""),
        ("[Quick]\nModel=/q\nInstructionsFile=/nowhere\n", "3: InstructionsFile=/nowhere cannot be read: No such file"),
    ])
    func `each mistake is named with its line`(text: String, expected: String) {
        let found = problems(text)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func `words hold blanks and the other quotes between quotes`() throws {
        let text = #"ExtraArguments=--chat-template-kwargs '{"enable_thinking": false}' -fa "it's on" --a'b 'c"#
        #expect(
            try load(engines + text + "\n").deepthink.extraArguments
                == ["--chat-template-kwargs", #"{"enable_thinking": false}"#, "-fa", "it's on", "--ab c"])
    }

    @Test func `a role without a model is missed, in its section or as a section`() {
        let found = problems("[Quick]\nSlots=2\n")
        #expect(found.contains { $0.hasPrefix("1: [Quick] lacks Model=") }, "\(found)")
        #expect(found.contains("-: there is no section [Deepthink]; add it with Model="), "\(found)")
    }

    /// Windows' line ends, and a file without an end of line, are nobody's fault.
    @Test func `line ends of every kind count lines alike`() throws {
        let configuration = try load(engines.replacing("\n", with: "\r\n") + "Slots=7")
        #expect(configuration.deepthink.slots == 7)
        #expect(problems("[Quick]\r\n# a\r\nSlots=0").contains { $0.hasPrefix("3: Slots=0 is not") })
    }

    /// The kernel's own error would come from a child process, without a word about the directory.
    @Test func `a runtime directory whose sockets' paths would be too long is refused`() throws {
        let fits = "/" + String(repeating: "r", count: 107 - 1 - "/engines/deepthink.sock".utf8.count)
        #expect(try load("[Daemon]\nRuntimeDirectory=\(fits)\n" + engines).runtimeDirectory == fits)
        let found = problems("[Daemon]\nRuntimeDirectory=\(fits)r\n" + engines)
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("2: RuntimeDirectory=\(fits)r is too long: a socket in it"), "\(found)")
        #expect(found[0].contains("would have a path of 108 bytes, and 107 are the most"), "\(found)")
        let places = ConfigurationLoader.Places(stateDirectory: "/s", runtimeDirectory: fits + "r")
        let unset = problems(engines, places: places)
        #expect(unset.count == 1 && unset[0].hasPrefix("-: the default RuntimeDirectory=\(fits)r is too"), "\(unset)")
    }

    @Test func `all mistakes are reported at once`() {
        #expect(problems("[Quick]\nSlots=0\nContext=1\nModel=q\n").count >= 3)
    }

    @Test func `a file that is not there is an error with its name and the remedy`() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader.load(path: "/nowhere/londid.conf", places: .system)
        }
        #expect(
            error?.description
                == "/nowhere/londid.conf: there is no such file; copy systemd/londid.conf there, "
                + "or name one with --config"
        )
    }

    /// An empty variable is as good as none: some login managers set them so.
    @Test(
        arguments: [
            (["HOME": "/h", "XDG_RUNTIME_DIR": "/run/1"], "/h/.local/state/londi", "/run/1/londi"),
            (["HOME": "/h"], "/h/.local/state/londi", "/h/.local/state/londi/run"),
            (["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": ""], "/s/londi", "/s/londi/run"),
            (
                ["HOME": "/h", "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "x"], "/h/.local/state/londi",
                "/h/.local/state/londi/run"
            ),
        ] as [([String: String], String, String)])
    func `user mode has its places in the XDG directories`(
        environment: [String: String], state: String, runtime: String
    ) {
        let places = ConfigurationLoader.Places.user(UserDirectories(environment))
        #expect(places == .init(stateDirectory: state, runtimeDirectory: runtime))
    }

    @Test func `user mode without a home has no places`() {
        #expect(ConfigurationLoader.Places.user(UserDirectories(["XDG_RUNTIME_DIR": "/run/user/1"])) == nil)
    }

    @Test func `environments are read with their limits, and roles that think`() throws {
        let configuration = try load(
            engines.replacing("[Deepthink]\n", with: "[Deepthink]\nThink=yes\n") + """
                [Environment rooms]
                Command=/bin/sh "a file.py" --fast
                StartSeconds=60
                StepSeconds=5
                MemoryMegabytes=512
                MostActions=40
                ShownActions=3
                ShownObservations=1
                Oracle=yes
                """)
        #expect(
            configuration.environments == [
                EnvironmentConfiguration(
                    name: "rooms", path: "/bin/sh", arguments: ["a file.py", "--fast"], startMilliseconds: 60_000,
                    stepMilliseconds: 5000, memoryBytes: 512 << 20, mostActions: 40, shownActions: 3,
                    shownObservations: 1, usesOracle: true, confinement: configuration.environments.first?.confinement)
            ])
        #expect(configuration.deepthink.thinks && !configuration.quick.thinks)
    }
}
