import Domain
import Glibc
import Processes
import Synchronization
import Testing

@testable import Generation

private let serverPath = getenv("LONDI_TEST_LLAMA_SERVER").map { String(cString: $0) }
private let modelPath = getenv("LONDI_TEST_MODEL").map { String(cString: $0) }

/// The real llama-server with real weights: everything that its documentation says is checked against it.
@Suite(.enabled(if: serverPath != nil && modelPath != nil), .serialized, .timeLimit(.minutes(4)))
struct LlamaServerTests {
    /// Any model begins a letter with a line of its own.
    private let letter = Transcript(
        messages: [Message(role: "user", content: "Write a short letter to a friend.")], answer: "")
    /// A long line without a break.
    private let numbers = Transcript(
        messages: [Message(role: "user", content: "List the numbers from 1 to 500 separated by commas.")],
        answer: "1, 2, 3, 4, 5, 6, 7, 8,")
    private let ample = StepLimits(tokens: 300, timeMilliseconds: 120_000)

    // MARK: - Steps

    @Test func `a step ends at a paragraph break, and the next goes on from the cache`() async throws {
        try await withServer { server, _ in
            let first = try await server.generate(try await server.prepare(letter), limits: ample, sampling: Sampling())
            #expect(first.stopReason == .paragraph)
            #expect(first.text.hasSuffix("\n\n"))
            #expect(first.promptTokens > 0)
            #expect(first.generatedTokens > 5)
            #expect(first.gpuMilliseconds > 0)
            let certainty = try #require(first.logProbabilities)
            #expect(certainty.minimum <= certainty.mean && certainty.mean <= 0)

            var transcript = letter
            transcript.answer = first.text
            let prompt = try await server.prepare(transcript)
            let second = try await server.generate(prompt, limits: ample, sampling: Sampling())
            #expect(second.text.contains { !$0.isWhitespace })
            #expect(second.cachedTokens > first.promptTokens, "the prompt and the first step are reused")
            #expect(second.promptTokens <= 3, "the tokens of the answer are those that the model wrote")
            #expect(second.promptTokens + second.cachedTokens == Int64(prompt.tokenCount))
        }
    }

    /// The server holds back what may begin a break; cut there, the text would lose a line's end.
    @Test func `a step cut within a paragraph break keeps the break's beginning`() async throws {
        try await withServer { server, _ in
            let prompt = try await server.prepare(letter)
            let whole = try await server.generate(prompt, limits: ample, sampling: Sampling())
            try #require(whole.stopReason == .paragraph)
            let limits = StepLimits(tokens: Int(whole.generatedTokens) - 1, timeMilliseconds: 120_000)
            let cut = try await server.generate(prompt, limits: limits, sampling: Sampling())
            #expect(cut.stopReason == .length)
            #expect(cut.generatedTokens == Int64(limits.tokens))
            #expect(whole.text.hasPrefix(cut.text))
            // Where the break is one token together with what is before it, there is nothing to cut within.
            let isBreakOfTwoTokens = cut.text.count >= whole.text.count - 2
            if isBreakOfTwoTokens { #expect(cut.text == String(whole.text.dropLast())) }
        }
    }

    /// A model that writes the break first has not made a step yet.
    @Test func `a step that begins with the break goes on to the paragraph`() async throws {
        try await withServer { server, _ in
            let whole = try await server.generate(try await server.prepare(letter), limits: ample, sampling: Sampling())
            try #require(whole.stopReason == .paragraph)
            var transcript = letter
            transcript.answer = String(whole.text.dropLast(2))
            let prompt = try await server.prepare(transcript)
            let step = try await server.generate(prompt, limits: ample, sampling: Sampling())
            #expect(step.text.drop { $0 == " " }.hasPrefix("\n\n"))
            #expect(step.text.contains { !$0.isWhitespace })
            #expect(step.spend.tokens <= ample.worstCase(for: prompt).tokens)
        }
    }

    @Test func `the end of turn and the token limit are told apart`() async throws {
        try await withServer { server, _ in
            let transcript = Transcript(messages: [Message(role: "user", content: "Say yes.")], answer: "")
            let prompt = try await server.prepare(transcript)
            let whole = try await server.generate(prompt, limits: ample, sampling: Sampling())
            #expect(whole.stopReason == .endOfTurn)
            let cut = try await server.generate(
                prompt, limits: StepLimits(tokens: 2, timeMilliseconds: 60_000), sampling: Sampling())
            #expect(cut.stopReason == .length)
            #expect(cut.generatedTokens == 2)
            #expect(whole.text.hasPrefix(cut.text))
        }
    }

    @Test func `the time limit ends a step, with what it took`() async throws {
        try await withServer { server, _ in
            let limits = StepLimits(tokens: 2000, timeMilliseconds: 400)
            let step = try await server.generate(
                try await server.prepare(numbers), limits: limits, sampling: Sampling())
            #expect(step.stopReason == .timeLimit)
            #expect((200...400).contains(step.gpuMilliseconds))
        }
    }

    /// On the same state of the cache: a prompt that is read again in other batches is rounded otherwise.
    @Test func `the same seed writes the same, another one something else`() async throws {
        try await withServer { server, _ in
            let prompt = try await server.prepare(letter)
            let limits = StepLimits(tokens: 20, timeMilliseconds: 60_000)
            _ = try await server.generate(prompt, limits: limits, sampling: Sampling())
            var texts: [String] = []
            for seed: UInt32 in [1, 1, 2] {
                let sampling = Sampling(temperature: 1.5, seed: seed, topP: 1)
                texts.append(try await server.generate(prompt, limits: limits, sampling: sampling).text)
            }
            #expect(texts[0] == texts[1])
            #expect(texts[0] != texts[2])
        }
    }

    @Test func `two jobs are served at once`() async throws {
        try await withServer(slots: 2) { server, log in
            let prompt = try await server.prepare(numbers)
            let limits = StepLimits(tokens: 40, timeMilliseconds: 60_000)
            async let first = server.generate(prompt, limits: limits, sampling: Sampling())
            async let second = server.generate(prompt, limits: limits, sampling: Sampling())
            let slots = try await [log.next("processing task"), log.next("processing task")]
            let (one, two) = try await (first, second)
            #expect(one.text == two.text)
            #expect(slots[0].contains("id  0") != slots[1].contains("id  0"), "\(slots)")
        }
    }

    @Test func `a prompt over the context says both sizes`() async throws {
        try await withServer(context: 256) { server, _ in
            let transcript = Transcript(
                messages: [Message(role: "user", content: String(repeating: "cat ", count: 1000))], answer: "")
            let error = await #expect(throws: GenerationError.self) { try await server.prepare(transcript) }
            guard case .promptTooLong(.quick, 1000..., 256) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // The server says the same when it is asked.
            let prompt = PreparedPrompt(tokens: Array(repeating: 5, count: 300))
            await #expect(throws: GenerationError.promptTooLong(role: .quick, tokens: 300, context: 256)) {
                try await server.generate(prompt, limits: ample, sampling: Sampling())
            }
        }
    }

    @Test func `a chat that the template refuses is the job's own fault`() async throws {
        try await withServer { server, _ in
            let twice = Message(role: "assistant", content: "a")
            let error = await #expect(throws: GenerationError.self) {
                try await server.prepare(Transcript(messages: [twice, twice], answer: ""))
            }
            #expect(error?.isPassing == false)
        }
    }

    // MARK: - Ends and beginnings

    @Test func `cancelling frees the slot at once and tells what was written`() async throws {
        try await withServer { server, log in
            let prompt = try await server.prepare(letter)
            let task = Task { try await server.generate(prompt, limits: ample, sampling: Sampling()) }
            _ = try await log.next("launch_slot_")
            task.cancel()
            let clock = ContinuousClock()
            let cancelledAt = clock.now
            let error = await #expect(throws: GenerationError.self) { try await task.value }
            guard case .cancelled(let partial) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(partial.stopReason == .interrupted)
            _ = try await log.next("stop processing")
            #expect(clock.now - cancelledAt < .seconds(2))
        }
    }

    /// The daemon's promise: a dead server costs its jobs nothing, and comes back by itself.
    @Test func `a killed server's requests say so, and a new server takes over`() async throws {
        try await withServer { server, log in
            let identity = await server.identity
            let prompt = try await server.prepare(letter)
            let task = Task { try await server.generate(prompt, limits: ample, sampling: Sampling()) }
            _ = try await log.next("launch_slot_")
            var states = server.states().makeAsyncIterator()
            #expect(await states.next() == .ready(device: "CPU"))
            kill(try #require(try serverProcess(socket: socket(of: server))), SIGKILL)
            let error = await #expect(throws: GenerationError.self) { try await task.value }
            guard case .serverDied(.quick, _, .some) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.isPassing == true)
            guard case .unavailable = await states.next() else {
                Issue.record("the death was not reported")
                return
            }
            #expect(await states.next() == .starting)
            #expect(await states.next() == .ready(device: "CPU"))
            #expect(await server.identity == identity)
            let step = try await server.generate(try await server.prepare(letter), limits: ample, sampling: Sampling())
            #expect(step.stopReason == .paragraph)
        }
    }

    /// SIGSTOP looks like a hung GPU: alive, silent.
    @Test func `a server that hangs is replaced`() async throws {
        var policy = RestartPolicy(firstPause: .milliseconds(10))
        policy.hangLimit = .milliseconds(500)
        policy.hangPause = .milliseconds(50)
        policy.graceMilliseconds = 50
        try await withServer(policy: policy) { server, log in
            let prompt = try await server.prepare(letter)
            var states = server.states().makeAsyncIterator()
            #expect(await states.next() == .ready(device: "CPU"))
            let task = Task { try await server.generate(prompt, limits: ample, sampling: Sampling()) }
            _ = try await log.next("launch_slot_")
            kill(try #require(try serverProcess(socket: socket(of: server))), SIGSTOP)
            await #expect(throws: GenerationError.self) { try await task.value }
            #expect(await states.next() == .unavailable(.hung(role: .quick, seconds: 0)))
            #expect(await states.next() == .starting)
            #expect(await states.next() == .ready(device: "CPU"))
        }
    }

    @Test func `a stale socket is replaced, and stopping leaves no process`() async throws {
        let directory = try temporaryDirectory()
        let path = "\(directory)/quick.sock"
        let stale = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(stale)
        try await withServer(socketPath: path) { _, _ in }
        #expect(try serverProcess(socket: path) == nil)
    }

    @Test func `a file in the socket's place is left alone`() async throws {
        let directory = try temporaryDirectory()
        let path = "\(directory)/quick.sock"
        try overwrite(path, [1])
        let error = try await failure(socketPath: path)
        guard case .socketUnusable(path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(access(path, F_OK) == 0)
        unlink(path)
        rmdir(directory)
    }

    @Test func `a missing model, a wrong hash and a missing program each say so`() async throws {
        #expect(
            try await failure(model: "/no/model.gguf")
                == .modelMissing(path: "/no/model.gguf", reason: "No such file or directory"))
        guard case .wrongHash = try await failure(sha256: String(repeating: "0", count: 64)) else {
            Issue.record("a wrong hash was taken")
            return
        }
        guard case .executableMissing("no-such-server", _) = try await failure(executable: "no-such-server") else {
            Issue.record("a missing program was not noticed")
            return
        }
    }

    /// The header is whole and the size right, so only the server can tell.
    @Test func `a server that refuses its model carries its last words`() async throws {
        let directory = try temporaryDirectory()
        let path = "\(directory)/broken.gguf"
        try overwrite(path, ModelFileTests.gguf())
        guard case .startFailed(.quick, "exit status 1", let lines) = try await failure(model: path) else {
            Issue.record("a model of one tensor was served")
            return
        }
        #expect(lines.contains { $0.contains("failed to load model") || $0.contains("error") }, "\(lines)")
        unlink(path)
        rmdir(directory)
    }

    @Test func `layers for a device that is not there are an error, not the CPU`() async throws {
        guard try await Device.list(executable: try #require(serverPath), environment: [:]).isEmpty else { return }
        guard case .deviceMissing(.quick, "a device for 10 layers", _) = try await failure(gpuLayers: 10) else {
            Issue.record("the CPU was taken for a device")
            return
        }
    }

    @Test func `a server that someone else runs is used by its address`() async throws {
        try await withServer { server, _ in
            let remote = makeEngine(
                EngineConfiguration(role: .deepthink, source: .url(ServerAddress("unix:" + socket(of: server)))),
                memory: MemoryGate(engines: []), time: MonotonicTime(ContinuousClock()), log: { _ in })
            let running = Task { await remote.run() }
            try await remote.ready()
            #expect(await remote.identity == baseName(try #require(modelPath)))
            let step = try await remote.generate(try await remote.prepare(letter), limits: ample, sampling: Sampling())
            #expect(step.stopReason == .paragraph)
            running.cancel()
            await running.value
            #expect(await remote.state == .stopped)
        }
    }

    // MARK: - Embeddings

    @Test func `an encoder's server embeds any text of any length, and its tokens beside another's`() async throws {
        try await withServer(role: .encoder, context: 256, slots: 2) { server, _ in
            let first = try #require(try await server.embed("How many apples are left?"))
            #expect(first.count > 100)
            async let again = server.embed("How many apples are left?")
            async let long = server.embed(String(repeating: "apples and pears, ", count: 500))
            let (second, third) = try await (#require(again), #require(long))
            #expect(cosine(first, second) > 0.999)
            #expect(cosine(first, third) < 0.999)
            #expect(third.allSatisfy { $0.isFinite })
        }
    }

    private func cosine(_ one: [Float], _ two: [Float]) -> Float {
        func product(_ one: [Float], _ two: [Float]) -> Float { zip(one, two).reduce(0) { $0 + $1.0 * $1.1 } }
        return product(one, two) / (product(one, one) * product(two, two)).squareRoot()
    }

    // MARK: - Fixture

    private func configuration(
        role: EngineRole = .quick, model: String? = nil, sha256: String? = nil, executable: String? = nil,
        context: Int = 2048, slots: Int = 1, gpuLayers: Int? = nil, socketPath: String? = nil
    ) throws -> EngineConfiguration {
        EngineConfiguration(
            role: role,
            source: .local(
                LocalEngine(
                    isEncoder: role == .encoder, executable: try executable ?? #require(serverPath),
                    modelPath: try model ?? #require(modelPath),
                    sha256: sha256, context: context, slots: slots, gpuLayers: gpuLayers, threads: 2,
                    socketPath: try socketPath ?? temporaryDirectory() + "/quick.sock")))
    }

    private func socket(of server: any Engine) -> String {
        if case .local(let engine) = server.configuration.source { engine.socketPath } else { "" }
    }

    /// Runs a server until the body returns.
    private func withServer(
        role: EngineRole = .quick, context: Int = 2048, slots: Int = 1, socketPath: String? = nil,
        policy: RestartPolicy = RestartPolicy(firstPause: .milliseconds(10)),
        _ body: (any Engine, LogLines) async throws -> Void
    ) async throws {
        let log = LogLines()
        let configuration = try configuration(role: role, context: context, slots: slots, socketPath: socketPath)
        let server = makeEngine(
            configuration, memory: MemoryGate(engines: [configuration]), time: MonotonicTime(ContinuousClock()),
            policy: policy, log: { log.add($0) })
        let running = Task { await server.run() }
        defer { removeSocket(of: configuration) }
        do {
            try await server.ready()
            // Before it was ready it wrote a token, whose slot is free by then.
            if role != .encoder { _ = try await log.next("stop processing") }
            try await body(server, log)
        } catch {
            running.cancel()
            await running.value
            throw error
        }
        running.cancel()
        await running.value
    }

    private func removeSocket(of configuration: EngineConfiguration) {
        guard case .local(let engine) = configuration.source else { return }
        var status = stat()
        if lstat(engine.socketPath, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK { unlink(engine.socketPath) }
        rmdir(engine.socketPath.split(separator: "/").dropLast().map { "/" + $0 }.joined())
    }

    /// The error with which a server with this configuration does not start.
    private func failure(
        model: String? = nil, sha256: String? = nil, executable: String? = nil, gpuLayers: Int? = nil,
        socketPath: String? = nil
    ) async throws -> GenerationError? {
        let configuration = try configuration(
            model: model, sha256: sha256, executable: executable, gpuLayers: gpuLayers, socketPath: socketPath)
        let server = makeEngine(
            configuration, memory: MemoryGate(engines: [configuration]), time: MonotonicTime(ContinuousClock()),
            log: { _ in })
        let running = Task { await server.run() }
        var failure: GenerationError?
        do {
            try await server.ready()
        } catch {
            failure = error
        }
        running.cancel()
        await running.value
        removeSocket(of: configuration)
        return failure
    }

    /// The process that was started for a socket.
    private func serverProcess(socket: String) throws -> pid_t? {
        let directory = try #require(opendir("/proc"))
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = pid_t(name), let file = fopen("/proc/\(name)/cmdline", "r") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = fread(&bytes, 1, bytes.count, file)
            let arguments = bytes[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            if arguments.contains(socket) { return pid }
        }
        return nil
    }
}

/// A server's log, in which a test waits for a line.
final class LogLines: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: String.self) }

    func add(_ line: String) { continuation.yield(line) }

    /// The next line that contains a text; earlier ones are gone afterwards.
    func next(_ text: String) async throws -> String {
        for await line in stream where line.contains(text) { return line }
        throw CancellationError()
    }
}
