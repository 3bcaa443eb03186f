import Control
import Domain
import Glibc

/// From two model files to a first answer. Each step leaves what is there already, so a second run goes on where the first
/// one ended.
struct FirstSteps {
    private static let goOn = "`londictl quickstart` goes on from here"
    private static let question = "What is 6 x 7? End with a line 'Answer: ' and the number."

    private let invocation: Invocation
    private let console: Console
    private let service: LocalService
    private let queue: QueueName
    private let asks: Bool

    /// - Throws: `.usage` for options that do not fit.
    init(_ invocation: Invocation) throws(CommandError) {
        self.invocation = invocation
        console = invocation.console
        service = LocalService(invocation.environment, isUserMode: invocation.isSet("user"))
        queue = try invocation.queue(invocation.text("queue") ?? "first")
        asks = console.canAsk && !invocation.isSet("yes")
        guard invocation.text("socket") == nil else {
            throw .usage("--socket does nothing here: quickstart sets up the londid of this machine or user")
        }
    }

    /// Has a configuration written and londid started, where they are not.
    /// - Returns: its socket.
    func runningDaemon() async throws(CommandError) -> String {
        let socket = try service.socketPath()
        let isForced = invocation.isSet("force")
        if await answers(socket) {
            guard !isForced else {
                throw .failed("londid runs with its configuration: stop it, or leave out --force")
            }
            console.complain("londid runs already, with its configuration as it is\n")
            return socket
        }
        let path = try service.configurationPath()
        if access(path, F_OK) != 0 || isForced {
            try configure(path)
        } else {
            try keep(path)
        }
        try start(path)
        return socket
    }

    private func answers(_ socket: String) async -> Bool {
        do throws(CommandError) {
            _ = try await Session(path: socket).daemonVersion()
            return true
        } catch { return false }
    }

    /// A configuration that is there is used where it has the models that were named, or none were.
    private func keep(_ path: String) throws(CommandError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        var bytes: [UInt8] = []
        while case let piece = try InputFile.read(file, path: path), !piece.isEmpty { bytes += piece }
        let text = String(decoding: bytes, as: UTF8.self)
        for option in ["quick", "deepthink"] {
            guard let model = invocation.text(option) else { continue }
            let line = "Model=\(try resolved(model, "--\(option)"))"
            guard text.lines.contains(where: { $0.isIdentical(to: line) }) else {
                throw .control(
                    .conflict(
                        what: "\(path) exists, and is not for \(model)",
                        remedy: "--force replaces it; without --quick and --deepthink it is used as it is"))
            }
        }
        console.complain("\(path) is there and stays as it is\n")
    }

    private func configure(_ path: String) throws(CommandError) {
        let quick = try model("quick", "QUICK, the small model")
        let deepthink = try model("deepthink", "DEEPTHINK, the large model")
        var arguments = ["--propose", quick, deepthink]
        if let server = invocation.text("llama-server") {
            arguments += ["--llama-server", try resolved(server, "--llama-server")]
        }
        console.complain("looking at the models and the machine\n")
        let done = try Program(path: service.program()).run(arguments)
        guard done.status == 0 else {
            throw .failed(
                "there is no configuration for these models, and nothing was written; correct what is said above")
        }
        let text = String(decoding: done.output, as: UTF8.self)
        console.complain("\nProposed for \(path):\n\n\(text)\n")
        guard try agrees("Write it and start londid?") else {
            throw .failed("nothing was written; \(Self.goOn)")
        }
        try makeDirectory(of: path)
        // The service's own user reads it.
        let file = try WholeFile(path: path, mode: service.isSystem ? 0o644 : 0o600)
        try file.write(text)
        try file.save()
        InterruptNotice.set("\ninterrupted; \(path) is written, and \(Self.goOn)\n")
    }

    /// The absolute path of a model, from its option or as typed.
    private func model(_ option: String, _ what: String) throws(CommandError) -> String {
        if let path = invocation.text(option) { return try resolved(path, "--\(option)") }
        guard asks else { throw .usage("--\(option) is missing: name \(what), a GGUF file") }
        while true {
            console.complain("\(what), a GGUF file: ")
            guard let answer = console.readAnswer() else {
                throw .usage("no file was named for --\(option); nothing was written")
            }
            do throws(CommandError) { return try resolved(answer, "--\(option)") } catch {
                console.complain("\(error.message)\n")
            }
        }
    }

    private func resolved(_ path: String, _ option: String) throws(CommandError) -> String {
        let home = invocation.environment["HOME"] ?? ""
        let named = path.behind("~").flatMap { $0.begins(with: "/") ? home + $0 : nil } ?? path
        guard let full = FileName(named).withPath({ realpath($0, nil) }) else {
            throw .usage(
                "\(option) '\(FileName(path))': \(String(cString: strerror(errno))); name a file that is there")
        }
        defer { free(full) }
        guard let text = String(validatingCString: full) else {
            throw .usage(
                "\(option) '\(FileName(path))' is not UTF-8, and no line of londid.conf can have such a name: rename it"
            )
        }
        return text
    }

    private func agrees(_ question: String) throws(CommandError) -> Bool {
        guard asks else { return true }
        console.complain("\(question) [Y/n] ")
        guard let answer = console.readAnswer() else { return false }
        return ["", "y", "yes"].contains(answer.lowercased())
    }

    private func makeDirectory(of path: String) throws(CommandError) {
        var made = ""
        for part in path.parts(at: "/").dropLast() {
            made += "/\(part)"
            guard mkdir(made, service.isSystem ? 0o755 : 0o700) == 0 || errno == EEXIST else {
                throw .file(path: made, reason: String(cString: strerror(errno)))
            }
        }
    }

    private func start(_ path: String) throws(CommandError) {
        if let words = service.systemdWords {
            console.complain("starting londid: systemctl \(words.joined(separator: " "))\n")
            guard try Program(path: "systemctl").run(words).status == 0 else {
                throw .failed("systemctl did not start londid: see `londictl logs`, correct \(path); \(Self.goOn)")
            }
            return
        }
        let log = try service.logPath()
        try makeDirectory(of: log)
        let child = try Program(path: service.program()).start(["--user"], log: log)
        console.complain("started londid --user with pid \(child), log \(log); `kill \(child)` stops it\n")
        InterruptNotice.set("\ninterrupted; londid runs with pid \(child), and \(Self.goOn)\n")
    }

    /// Until both models can write.
    /// - Throws: `.failed` with the engine's own fault, or with what londid said last.
    func waitForModels(_ socket: String) async throws(CommandError) {
        var shown = ""
        var isReachable = false
        // A large model takes minutes.
        for _ in 0..<2400 {
            var status: Status.Reply?
            do throws(CommandError) {
                status = try await Session(path: socket).call(Status.self, .init())
                isReachable = true
            } catch {
                var ending: Int32 = 0
                guard waitpid(-1, &ending, WNOHANG) <= 0, !isReachable || error.exitCode == .unreachable else {
                    throw .failed(
                        "londid ended before its models were ready: its log \(try service.logPath()) says why;"
                            + " \(Self.goOn)")
                }
            }
            if let status {
                let line = status.engines.map { "\(Phrase.role($0.role)) \($0.state.rawValue)" }.joined(separator: ", ")
                if line != shown { console.complain("\(line)\n") }
                shown = line
                if status.engines.allSatisfy({ $0.state == .ready }) { return }
                if let away = status.engines.first(where: { $0.state == .unavailable }) {
                    throw .failed(
                        "\(Phrase.role(away.role)): \(away.fault ?? "its server is away"); londid runs and tries again,"
                            + " and \(Self.goOn)")
                }
            }
            await Pause.glance.wait()
        }
        throw .failed("londid and its models were not ready in 10 minutes: `londictl doctor` says more; \(Self.goOn)")
    }

    /// A queue with a small budget, one job in it, and its answer with steps and spend.
    func firstJob(_ socket: String) async throws(CommandError) -> ExitCode {
        let session = try Session(path: socket)
        var settings = QueueSettings()
        settings.limits.calls = 10
        do throws(CommandError) {
            _ = try await session.call(CreateQueue.self, .init(name: queue, settings: settings))
            console.complain("queue \(queue): DEEPTHINK 10 calls a day, then QUICK alone\n")
        } catch {
            guard error.exitCode == .conflict else { throw error }
            console.complain("queue \(queue) is there and stays as it is\n")
        }
        let job = JobSpecification(
            messages: [Message(role: "user", content: Self.question)], verifier: .numeric(answer: 42, tolerance: 0),
            answerMarker: "Answer:")
        let submitted = try await session.call(
            SubmitJob.self, .init(queue: queue, specification: job, idempotencyKey: "quickstart-\(queue)"))
        var next = invocation
        next.values = ["socket": socket]
        next.switches = []
        guard let end = try await JobWait(invocation: next, target: .job(submitted.job), printsJSON: false).run() else {
            return .jobFailed
        }
        for (command, arguments) in [(Command.explain, ["\(submitted.job)"]), (.spend, [])] {
            next.command = command
            next.arguments = arguments
            console.write("\n$ londictl \(([command.name] + arguments).joined(separator: " "))\n")
            _ = try await command.run(next)
        }
        console.write(
            """

            Next:
              londictl status
              londictl submit --queue \(queue) --prompt 'What is 17 x 23?' --wait
              londictl submit --queue \(queue) -f problems.jsonl
              londictl budget show
              londictl queue set \(queue) --deepthink-calls 30/day
              londictl doctor

            """)
        return JobWait.exitCode(of: end)
    }
}
