import Domain
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Generation

/// Servers that somebody else runs, as far as no real one can be made to show it.
@Suite(.timeLimit(.minutes(5))) struct RemoteServerTests {
    /// A server of completions as vLLM answers: each letter is a token, of its own number.
    final class Completions: Sendable {
        let requests = Mutex<[(path: String, body: String)]>([])

        func answer(_ path: String, _ body: [UInt8]) -> (status: Int, body: String) {
            let text = String(decoding: body, as: UTF8.self)
            requests.withLock { $0.append((path, text)) }
            switch path {
            case "/health": return (200, "")
            case "/v1/models": return (200, #"{"data": [{"id": "org/small", "max_model_len": 512}]}"#)
            case "/tokenize" where text.contains("\"messages\""): return (200, #"{"count": 3, "tokens": [1, 2, 3]}"#)
            case "/tokenize":
                guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
                    let prompt = object["prompt"] as? String
                else { return (400, "") }
                let tokens = prompt.unicodeScalars.map { Int($0.value) }
                let texts = prompt.map { $0 == "\n" ? "\"\\n\"" : "\"\($0)\"" }.joined(separator: ",")
                return (200, #"{"tokens": \#(tokens), "token_strs": [\#(texts)]}"#)
            case "/v1/completions":
                return (
                    200,
                    """
                    data: {"choices": [{"text": "Ye", "token_ids": [89, 101], "logprobs": {"token_logprobs": [-0.5, -0.25]}}]}

                    data: {"choices": [{"text": "s", "token_ids": [115, 10], "logprobs": {"token_logprobs": [-0.25, null]},
                    data:  "finish_reason": "stop", "stop_reason": "\\n\\n"}]}

                    data: {"choices": [], "usage": {"prompt_tokens": 6, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}}

                    data: [DONE]


                    """
                )
            default: return (404, #"{"detail": "Not Found"}"#)
            }
        }
    }

    private func engine(_ address: ServerAddress) -> any Engine {
        makeEngine(
            EngineConfiguration(role: .deepthink, source: .url(address)), memory: MemoryGate(engines: []),
            time: MonotonicTime(ContinuousClock()), log: { _ in })
    }

    /// Why a server that answers so cannot be used.
    private func fault(
        model: String? = nil, key: String? = nil, _ answer: @escaping ScriptedServer.Answer
    ) async throws -> GenerationError? {
        let server = try ScriptedServer(answer)
        defer { withExtendedLifetime(server) {} }
        let engine = engine(ServerAddress(server.path, model: model, keyPath: key))
        let running = Task { await engine.run() }
        defer { running.cancel() }
        do {
            try await engine.ready()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a server of completions gets a chat's tokens, writes a step, and its usage is what is charged`()
        async throws
    {
        let completions = Completions()
        let server = try ScriptedServer { completions.answer($0, $1) }
        let engine = engine(ServerAddress(server.path))
        let running = Task { await engine.run() }
        try await engine.ready()
        #expect(await engine.identity == "small")
        let messages = [Message(role: "user", content: "Do you?")]
        let prompt = try await engine.prepare(Transcript(messages: messages, answer: "Oh\n\n"))
        #expect(prompt.tokens == [1, 2, 3, 79, 104, 10, 10], "a letter put after white space is taken off again")
        let step = try await engine.generate(
            prompt, limits: StepLimits(tokens: 50, timeMilliseconds: 10_000), sampling: Sampling(seed: 7))
        #expect(step.text == "Yes\n\n")
        #expect(step.stopReason == .paragraph)
        #expect(step.promptTokens == 4 && step.cachedTokens == 2 && step.generatedTokens == 4)
        let request = try #require(completions.requests.withLock { $0.last }?.body)
        for part in [
            #""prompt":[1,2,3,79,104,10,10]"#, #""max_tokens":50"#, #""seed":7"#, #""model":"org\/small""#,
            #""stream":true"#,
            #""return_token_ids":true"#,
        ] {
            #expect(request.contains(part), "\(request)")
        }
        running.cancel()
        await running.value
        withExtendedLifetime(server) {}
    }

    @Test func `a server that cannot count a prompt's tokens is refused, and told what it lacks`() async throws {
        let completions = Completions()
        let error = try await fault { path, body in
            path == "/tokenize" ? (404, "Not Found") : completions.answer(path, body)
        }
        guard case .unfit(.deepthink, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("neither llama-server's /props and /apply-template nor vLLM's /tokenize"))
    }

    @Test func `a server that does not say which tokens it wrote is refused`() async throws {
        let completions = Completions()
        let error = try await fault { path, body in
            path == "/v1/completions"
                ? (200, "data: {\"choices\": [{\"text\": \"Yes\"}]}\n\n") : completions.answer(path, body)
        }
        #expect(
            error
                == .unfit(
                    role: .deepthink, reason: "it writes text without token_ids, which vLLM has from 0.10.2 on"))
    }

    @Test func `a model that the server does not serve is named, with those that it does`() async throws {
        let completions = Completions()
        let error = try await fault(model: "org/large") { completions.answer($0, $1) }
        #expect(error == .unfit(role: .deepthink, reason: "it serves no model 'org/large' but org/small"))
    }

    @Test func `a server without health is neither kind`() async throws {
        let error = try await fault { _, _ in (404, "") }
        #expect(
            error == .unfit(role: .deepthink, reason: "it has no /health, so it is neither a llama-server nor vLLM"))
    }

    /// A llama-server that writes one token to whatever it is asked.
    private static func llama(_ path: String) -> (status: Int, body: String) {
        switch path {
        case _ where path.hasPrefix("/props"):
            (200, #"{"model_path": "/m.gguf", "total_slots": 1, "default_generation_settings": {"n_ctx": 64}}"#)
        case "/apply-template": (200, #"{"prompt": "fit?"}"#)
        case "/tokenize": (200, #"{"tokens": [{"id": 1, "piece": "fit?"}]}"#)
        case "/completion":
            (
                200,
                "data: {\"content\": \"a\", \"tokens\": [5], \"stop\": false}\n\n"
                    + "data: {\"content\": \"\", \"stop\": true, \"stop_type\": \"limit\"}\n\n"
            )
        case "/detokenize": (200, #"{"content": "a"}"#)
        default: (200, "")
        }
    }

    /// A model for embeddings is as healthy as any.
    @Test func `a server that writes no token is not ready`() async throws {
        let error = try await fault { path, _ in
            path == "/completion"
                ? (501, #"{"error": {"code": 501, "message": "This server does not support completions."}}"#)
                : Self.llama(path)
        }
        guard case .unfit(.deepthink, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.hasPrefix("it writes no token (501: This server does not support completions.)"))
    }

    @Test func `what cannot fit by its bytes, and more tokens than a text has bytes, are refused`() async throws {
        let asked = Mutex(0)
        let server = try ScriptedServer { path, body in
            if path == "/tokenize", body.count > 100 { asked.withLock { $0 += 1 } }
            let isFlood = path == "/tokenize" && String(decoding: body, as: UTF8.self).contains("fit?flood")
            let token = #"{"id": 1, "piece": "a"},"#
            return isFlood
                ? (200, "{\"tokens\": [\(String(repeating: token, count: 5000)){\"id\": 1}]}") : Self.llama(path)
        }
        let engine = engine(ServerAddress(server.path))
        let running = Task { await engine.run() }
        try await engine.ready()
        let large = [Message(role: "user", content: String(repeating: "a", count: 64 * 1024))]
        #expect(engine.complaint(about: large)?.contains("65536 bytes are 64 tokens at the very least") == true)
        let error = await #expect(throws: GenerationError.self) {
            try await engine.prepare(Transcript(messages: large, answer: ""))
        }
        guard case .promptTooLarge(.deepthink, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isPassing == false && asked.withLock { $0 } == 0, "no server is asked")
        await #expect(
            throws: GenerationError.badAnswer(role: .deepthink, reason: "/tokenize: an answer over 18550 bytes")
        ) {
            try await engine.prepare(Transcript(messages: [Message(role: "user", content: "x")], answer: "flood"))
        }
        running.cancel()
        await running.value
        withExtendedLifetime(server) {}
    }

    /// A router has several models; each request names the one that it is for.
    @Test func `a named model stands in each request to a llama-server`() async throws {
        let requests = Mutex<[String]>([])
        let error = try await fault(model: "a b/c") { path, body in
            requests.withLock { $0.append(path + " " + String(decoding: body, as: UTF8.self)) }
            return Self.llama(path)
        }
        #expect(error == nil)
        #expect(requests.withLock { $0 }.contains { $0.hasPrefix("/props?model=a%20b%2Fc ") })
    }

    @Test func `a router without a named model is refused, with its models`() async throws {
        let completions = Completions()
        let error = try await fault { path, body in
            path == "/props"
                ? (200, #"{"model_path": "none", "default_generation_settings": {"n_ctx": 0}}"#)
                : completions.answer(path, body)
        }
        let reason = "it is a router: name one of its models by ModelName= (org/small)"
        #expect(error == .unfit(role: .deepthink, reason: reason))
    }

    // MARK: - The API key

    @discardableResult
    private func withKey<Value>(
        _ content: String, mode: mode_t = 0o600, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let directory = try temporaryDirectory()
        let path = "\(directory)/key"
        try overwrite(path, Array(content.utf8))
        chmod(path, mode)
        defer {
            unlink(path)
            rmdir(directory)
        }
        return try await body(path)
    }

    /// Some servers repeat the key that they refuse, and members may see why a model is away.
    @Test func `a key that a server repeats is not shown`() async throws {
        let error = try await withKey("sk-secret\n") { path in
            try await fault(key: path) { path, _ in
                path == "/health"
                    ? (200, "")
                    : (401, #"{"error": {"message": "Incorrect API key provided: sk-secret", "code": 401}}"#)
            }
        }
        #expect(error == .keyRefused(role: .deepthink, hasKey: true, reason: "Incorrect API key provided: [key]"))
    }

    @Test func `whoever prints a key sees none`() async throws {
        try await withKey("sk-secret") { path in
            let access = HTTPAccess(key: try APIKey(path: path))
            var dumped = ""
            dump(access, to: &dumped)
            #expect(!"\(access) \(String(reflecting: access)) \(dumped)".contains("sk-secret"))
            #expect(access.key?.header == "Authorization: Bearer sk-secret")
        }
    }

    /// A server that repeats the key with a mark behind it still repeats the key.
    @Test func `a key is taken out of a server's words by its bytes`() async throws {
        try await withKey("sk-secret") { path in
            let key = try APIKey(path: path)
            #expect(key.redacting("wrong: sk-secret\u{301}, \u{600}sk-secret") == "wrong: [key]\u{301}, \u{600}[key]")
        }
    }

    @Test(arguments: [
        ("", mode_t(0o600), "it is empty"), ("\n", 0o600, "it is empty"),
        ("two words", 0o600, "it is not one line of printable ASCII without blanks"),
        ("two\nlines", 0o600, "it is not one line of printable ASCII without blanks"),
        ("k\u{e9}y", 0o600, "it is not one line of printable ASCII without blanks"),
        (String(repeating: "k", count: 8193), 0o600, "it has over 8192 bytes"),
    ])
    func `a file that holds no key is refused`(content: String, mode: mode_t, reason: String) async throws {
        try await withKey(content, mode: mode) { path in
            #expect(throws: APIKey.Unreadable(reason: reason)) { try APIKey(path: path) }
        }
    }

    @Test func `a key that everybody may read, and one that is not there, are refused`() async throws {
        try await withKey("sk-secret", mode: 0o644) { path in
            #expect(throws: APIKey.Unreadable(reason: "everybody may read it; `chmod o= \(path)` ends that")) {
                try APIKey(path: path)
            }
        }
        #expect(throws: APIKey.Unreadable(reason: "No such file or directory")) { try APIKey(path: "/no/such/key") }
        let error = try await fault(key: "/no/such/key") { _, _ in (200, "") }
        #expect(error == .keyUnreadable(role: .deepthink, path: "/no/such/key", reason: "No such file or directory"))
    }

    // MARK: - What may have been used

    private func use(_ answer: @escaping ScriptedServer.Answer) async throws -> GenerationError? {
        let server = try ScriptedServer(answer)
        defer { withExtendedLifetime(server) {} }
        let client = LlamaClient(
            role: .deepthink, endpoint: HTTPEndpoint(parsing: server.path), access: HTTPAccess(),
            time: MonotonicTime(ContinuousClock()))
        do {
            _ = try await client.generate(
                PreparedPrompt(tokens: [1]), limits: StepLimits(tokens: 5, timeMilliseconds: 10_000),
                sampling: Sampling())
            return nil
        } catch {
            return error
        }
    }

    /// What it wrote until then is known, but not how much it wrote after that.
    @Test func `a stream of somebody else's server that breaks off has used nobody knows what`() async throws {
        let error = try await use { _, _ in (200, "data: {\"content\": \"a\", \"tokens\": [5], \"stop\": false}\n\n") }
        guard case .serverDied(.deepthink, _, nil) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [429, 503]) func `a busy server has used nothing, and the job waits for it`(status: Int)
        async throws
    {
        let error = try await use { _, _ in (status, "try later") }
        #expect(error == .unavailable(role: .deepthink, reason: "the server answered \(status): try later"))
    }

    @Test func `a request that reaches no server has used nothing`() async throws {
        let client = LlamaClient(
            role: .deepthink, endpoint: .unixSocket(path: "/no/such.sock"), access: HTTPAccess(),
            time: MonotonicTime(ContinuousClock()))
        let error = await #expect(throws: GenerationError.self) {
            try await client.generate(
                PreparedPrompt(tokens: [1]), limits: StepLimits(tokens: 5, timeMilliseconds: 10_000),
                sampling: Sampling())
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// curl itself repeats a request on a connection that it kept and that turns out to be closed. A step may be generated
    /// by then, so it is sent over a new connection, and once.
    @Test func `a step is sent once where the server closes without an answer`() async throws {
        let count = Mutex(0)
        let server = try ScriptedServer { path, _ in
            if path == "/completion" { count.withLock { $0 += 1 } }
            return (path == "/completion" ? ScriptedServer.closes : 200, "")
        }
        let client = LlamaClient(
            role: .deepthink, endpoint: HTTPEndpoint(parsing: server.path), access: HTTPAccess(),
            time: MonotonicTime(ContinuousClock()))
        _ = try await client.isHealthy()
        let error = await #expect(throws: GenerationError.self) {
            try await client.generate(
                PreparedPrompt(tokens: [1]), limits: StepLimits(tokens: 5, timeMilliseconds: 10_000),
                sampling: Sampling())
        }
        guard case .serverDied(_, _, nil) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(count.withLock { $0 } == 1)
        withExtendedLifetime(server) {}
    }

    @Test func `a server that falls silent is given up after so long`() async throws {
        let release = DispatchSemaphore(value: 0)
        defer { release.signal() }
        let server = try ScriptedServer { _, _ in
            release.wait()
            return (200, "")
        }
        let client = LlamaClient(
            role: .deepthink, endpoint: HTTPEndpoint(parsing: server.path), access: HTTPAccess(silenceSeconds: 1),
            time: MonotonicTime(ContinuousClock()))
        await #expect(
            throws: GenerationError.serverDied(role: .deepthink, reason: "nothing came for 1 s", partial: nil)
        ) {
            try await client.generate(
                PreparedPrompt(tokens: [1]), limits: StepLimits(tokens: 5, timeMilliseconds: 60_000),
                sampling: Sampling())
        }
        withExtendedLifetime(server) {}
    }
}
