package import Control
import Domain
import Environments
import Episodes
import Glibc

/// Reads londid.conf and its drop-ins into a `Configuration`.
package struct ConfigurationLoader {
    /// The defaults that depend on how londid was started.
    package struct Places: Sendable, Equatable {
        package var stateDirectory: String
        package var runtimeDirectory: String
        /// Where commands get their own directories.
        package var scratchParent = "/tmp"
        /// Where the service manager keeps what londid alone may know; nil where it does not.
        package var credentialsDirectory: String?

        /// The system service's places.
        package static let system = Places(stateDirectory: "/var/lib/londi", runtimeDirectory: "/run/londi")

        package init(stateDirectory: String, runtimeDirectory: String) {
            self.stateDirectory = stateDirectory
            self.runtimeDirectory = runtimeDirectory
        }

        /// These places with what the environment says of the others, in `TMPDIR` and `CREDENTIALS_DIRECTORY`.
        package func with(_ environment: [String: String]) -> Places {
            var places = self
            if let directory = environment["TMPDIR"], directory.begins(with: "/") { places.scratchParent = directory }
            places.credentialsDirectory = environment["CREDENTIALS_DIRECTORY"]
            return places
        }

        /// The places of `--user`; nil where the environment names no directory for the state.
        package static func user(_ directories: UserDirectories) -> Places? {
            guard let state = directories.stateDirectory, let runtime = directories.runtimeDirectories.first else {
                return nil
            }
            return Places(stateDirectory: state, runtimeDirectory: runtime)
        }
    }

    /// The largest configuration file, in bytes.
    private static let sizeLimit = 1 << 20
    /// The longest path of a Unix socket, in bytes.
    private static let socketPathLimit = 107

    /// Tokens of a text that an encoder reads, where the file does not say: it evaluates them all at once.
    private static let encoderContext = 2048

    let places: Places
    private var problems: [ConfigurationError.Problem] = []

    private init(places: Places) { self.places = places }

    /// Reads `path` and every `*.conf` of `path.d/`, in the order of their names.
    /// - Throws: every problem found, at once.
    package static func load(path: String, places: Places) throws(ConfigurationError) -> Configuration {
        var file = ConfigurationFile()
        file.read(try mainText(of: path), file: path)
        for name in names(in: "\(path).d").sorted() where name.ends(with: ".conf") {
            let dropIn = "\(path).d/\(name)"
            file.read(try text(of: dropIn), file: dropIn)
        }
        var loader = ConfigurationLoader(places: places)
        return try loader.configuration(from: file, path: path)
    }

    private mutating func configuration(
        from file: ConfigurationFile, path: String
    ) throws(ConfigurationError) -> Configuration {
        problems = file.problems
        var sections = file.sections
        func take(_ name: String) -> SectionReader {
            let heading = ConfigurationFile.Heading(name: name, argument: "")
            let section = sections.removeValue(forKey: heading) ?? .init(file: path, line: 0)
            return SectionReader(heading, section)
        }
        var daemon = take("Daemon")
        var configuration = Configuration(
            stateDirectory: daemon.path("StateDirectory") ?? places.stateDirectory,
            runtimeDirectory: daemon.path("RuntimeDirectory") ?? places.runtimeDirectory,
            memberGroup: daemon.text("MemberGroup") ?? "londi", adminGroup: daemon.text("AdminGroup") ?? "londi-admin",
            logLevel: logLevel(&daemon), drainSeconds: daemon.integer("DrainSeconds", in: 0...3600) ?? 30,
            stepSeconds: daemon.integer("StepSeconds", in: 1...86_400) ?? 120,
            serverProgram: daemon.path("LlamaServer"), quick: .init(), deepthink: .init(), verifiers: [])
        configuration.metricsFile = daemon.path("MetricsFile")
        if let file = configuration.metricsFile, !file.ends(with: ".prom") {
            daemon.refuse("MetricsFile", "does not end in .prom, so the textfile collector would not read it")
        }
        configuration.metricsSeconds = daemon.integer("MetricsSeconds", in: 1...3600) ?? configuration.metricsSeconds
        configuration.messageMemoryMegabytes =
            daemon.integer("MessageMemoryMegabytes", in: ControlLimits.messageMemoryMegabytes)
            ?? configuration.messageMemoryMegabytes
        configuration.scratchParent = places.scratchParent
        configuration.credentialsDirectory = places.credentialsDirectory
        checkSocketPaths(of: configuration, &daemon, path: path)
        finish(&daemon)
        func engine(_ name: String) -> Configuration.Engine {
            guard sections.keys.contains(.init(name: name, argument: "")) else {
                problems.append(
                    .init(file: path, line: nil, message: "there is no section [\(name)]; add it with Model="))
                return .init()
            }
            var reader = take(name)
            return writer(&reader)
        }
        configuration.quick = engine("Quick")
        configuration.deepthink = engine("Deepthink")
        if sections.keys.contains(.init(name: "Encoder", argument: "")) {
            var reader = take("Encoder")
            configuration.encoder = encoder(&reader)
        }
        for (heading, section) in sections.sorted(by: { $0.key < $1.key }) {
            var reader = SectionReader(heading, section)
            switch heading.name {
            case "Verifier" where !heading.argument.isEmpty:
                if let verifier = verifier(heading.argument, &reader, hidden: configuration.hidden) {
                    configuration.verifiers.append(verifier)
                }
            case "Environment" where !heading.argument.isEmpty:
                if let environment = environment(heading.argument, &reader, hidden: configuration.hidden) {
                    configuration.environments.append(environment)
                }
            default:
                problems.append(
                    .init(
                        file: section.file, line: section.line,
                        message:
                            "unknown section [\(heading.name)\(heading.argument.isEmpty ? "" : " " + heading.argument)];"
                            + " there are [Daemon], [Quick], [Deepthink], [Encoder], [Verifier NAME] and"
                            + " [Environment NAME]"))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// The longest of the sockets' names must fit into a Unix socket's address.
    private mutating func checkSocketPaths(
        of configuration: Configuration, _ reader: inout SectionReader, path: String
    ) {
        let count = "\(configuration.engineDirectory)/deepthink.sock".utf8.count
        guard count > Self.socketPathLimit else { return }
        let reason =
            "is too long: a socket in it, engines/deepthink.sock, would have a path of \(count) bytes, and"
            + " \(Self.socketPathLimit) are the most; name a shorter directory"
        guard reader.text("RuntimeDirectory") == nil else { return reader.refuse("RuntimeDirectory", reason) }
        problems.append(
            .init(
                file: path, line: nil,
                message: "the default RuntimeDirectory=\(configuration.runtimeDirectory) \(reason) in [Daemon]"))
    }

    private func logLevel(_ reader: inout SectionReader) -> Log.Level {
        guard let text = reader.text("LogLevel") else { return .info }
        if let level = Log.Level(parsing: text) { return level }
        reader.refuse("LogLevel", "is none of \(Log.Level.allCases.map { "\($0)" }.joined(separator: ", "))")
        return .info
    }

    /// A model that writes.
    private mutating func writer(_ reader: inout SectionReader) -> Configuration.Engine {
        var engine = engine(&reader)
        engine.temperature = reader.number("Temperature", in: 0...5) ?? engine.temperature
        engine.thinks = reader.choice("Think", Answer.self) == .yes
        engine.instructions = reader.text("Instructions")
        if let path = reader.path("InstructionsFile") {
            if engine.instructions != nil { reader.refuse("InstructionsFile", "stands beside Instructions=; give one") }
            do {
                engine.instructions = try Self.text(of: path)
            } catch {
                reader.refuse("InstructionsFile", "cannot be read: \(error.problems[0].message)")
            }
        }
        finish(&reader)
        return engine
    }

    enum Answer: String, CaseIterable {
        case yes
        case no
    }

    /// What reads texts for the Switcher, by its name.
    private enum EncoderKind: String, CaseIterable {
        case hashed
        case model
    }

    /// The encoder's model; nil where texts are hashed.
    private mutating func encoder(_ reader: inout SectionReader) -> Configuration.Engine? {
        // Beside a name that is none the other keys are as they would be with a model's.
        switch reader.choice("Kind", EncoderKind.self) ?? (reader.text("Kind") == nil ? .hashed : .model) {
        case .model:
            let engine = engine(&reader, context: Self.encoderContext)
            finish(&reader)
            return engine
        case .hashed:
            for key in reader.keys where key != "Kind" {
                reader.refuse(key, "belongs to Kind=model; add that, or remove \(key)=")
            }
            problems += reader.problems
            return nil
        }
    }

    /// The server of a model, of whatever role.
    private func engine(_ reader: inout SectionReader, context: Int? = nil) -> Configuration.Engine {
        var engine = Configuration.Engine()
        engine.context = context ?? engine.context
        engine.model = reader.path("Model")
        reader.readServer(into: &engine)
        engine.sha256 = reader.text("Sha256")?.lowercased()
        if let hash = engine.sha256,
            hash.utf8.count != 64 || !hash.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit)
        {
            reader.refuse("Sha256", "is not 64 hexadecimal digits; `sha256sum FILE` prints it")
        }
        engine.context = reader.integer("Context", in: 256...1_048_576) ?? engine.context
        engine.slots = reader.integer("Slots", in: 1...256) ?? engine.slots
        if reader.text("GpuLayers") != "auto" { engine.gpuLayers = reader.integer("GpuLayers", in: 0...10_000) }
        engine.rpcServers = reader.rpcServers(gpuLayers: engine.gpuLayers)
        engine.threads = reader.integer("Threads", in: 1...1024)
        engine.extraArguments = reader.extraArguments()
        engine.isConfined = reader.choice("Confine", Answer.self) != .no
        engine.stallSeconds = reader.integer("StallSeconds", in: 1...86_400) ?? engine.stallSeconds
        switch (engine.model, engine.url) {
        case (nil, nil): reader.miss("Model", "give the path of a GGUF file, or Url= of a running server")
        case (.some, .some): reader.refuse("Url", "stands beside Model=; give one of the two")
        case (nil, _?), (_?, nil): break
        }
        return engine
    }

    mutating func finish(_ reader: inout SectionReader) {
        reader.refuseUnknownKeys()
        problems += reader.problems
    }

    /// The main file, for whose absence there is a remedy.
    private static func mainText(of path: String) throws(ConfigurationError) -> String {
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            throw ConfigurationError(problems: [
                .init(
                    file: path, line: nil,
                    message: "there is no such file; copy systemd/londid.conf there, or name one with --config")
            ])
        }
        return try text(of: path)
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        func failure(_ message: String) -> ConfigurationError {
            ConfigurationError(problems: [.init(file: path, line: nil, message: message)])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= sizeLimit else { throw failure("it is larger than \(sizeLimit) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("it is not UTF-8 text") }
        return text
    }

    /// The names in a directory; none where there is no such directory.
    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
