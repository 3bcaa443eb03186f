import Domain
import Foundation
import Synchronization
import Testing

@testable import Generation

/// The server in the encoder role: what is asked of it, and what its faults mean to a job.
@Suite(.timeLimit(.minutes(5))) struct EncoderServing {
    /// A server whose tokens are the bytes of a text, and whose embedding of tokens is their number and their sum.
    private final class Script: Sendable {
        let context: Int
        /// The most tokens that it takes at once.
        let batch: Int
        /// What it answers to a request for an embedding, in place of one.
        let fault = Mutex<(status: Int, body: String)?>(nil)
        let asked = Mutex<[[Int]]>([])

        init(context: Int = 64, batch: Int = 64) {
            self.context = context
            self.batch = batch
        }

        func answer(_ path: String, _ body: [UInt8]) -> (status: Int, body: String) {
            struct Text: Decodable { let content: String }
            struct Tokens: Decodable { let input: [Int] }
            do {
                switch path {
                case "/health": return (200, "{}")
                case "/props":
                    let settings = #"{"n_ctx": \#(context)}"#
                    return (
                        200,
                        #"{"model_path": "/m/e.gguf", "total_slots": 1, "default_generation_settings": \#(settings)}"#
                    )
                case "/tokenize":
                    let text = try JSONDecoder().decode(Text.self, from: Data(body)).content
                    let tokens = text.utf8.map { #"{"id": \#($0), "piece": "x"}"# }.joined(separator: ",")
                    return (200, #"{"tokens": [\#(tokens)]}"#)
                case "/v1/embeddings":
                    let tokens = try JSONDecoder().decode(Tokens.self, from: Data(body)).input
                    asked.withLock { $0.append(tokens) }
                    if let fault = fault.withLock({ $0 }) { return fault }
                    guard tokens.count <= batch else {
                        let message = "input is too large to process. increase the physical batch size"
                        return (500, #"{"error": {"code": 500, "message": "\#(message)", "type": "server_error"}}"#)
                    }
                    return (200, #"{"data": [{"embedding": [\#(tokens.count), \#(tokens.reduce(0, +))]}]}"#)
                default: return (404, "{}")
                }
            } catch { return (400, "\(error)") }
        }
    }

    private func withEncoder(
        _ script: Script, _ body: (any Engine) async throws -> Void
    ) async throws {
        let server = try ScriptedServer { script.answer($0, $1) }
        let engine = makeEngine(
            EngineConfiguration(role: .encoder, source: .url(ServerAddress(server.path))),
            memory: MemoryGate(engines: []),
            time: MonotonicTime(ContinuousClock()), log: { _ in })
        let running = Task { await engine.run() }
        do { try await body(engine) } catch {
            running.cancel()
            await running.value
            throw error
        }
        running.cancel()
        await running.value
        withExtendedLifetime(server) {}
    }

    @Test func `a text's embedding is that of its tokens, and a text without tokens has none`() async throws {
        let script = Script()
        try await withEncoder(script) { engine in
            try await engine.ready()
            #expect(await engine.identity == "e.gguf")
            #expect(try await engine.embed("abc") == [3, 294])
            #expect(try await engine.embed("") == nil)
            #expect(script.asked.withLock { $0.last } == [97, 98, 99], "nothing is asked where there are no tokens")
        }
    }

    @Test func `of a text over the context the middle is left out`() async throws {
        let script = Script(context: 9)
        try await withEncoder(script) { engine in
            try await engine.ready()
            #expect(try await engine.embed("0123456789ABCDEF")?[0] == 8)
            #expect(script.asked.withLock { $0.last } == Array("0123CDEF".utf8).map(Int.init))
        }
    }

    /// Somebody else's server may evaluate fewer tokens at once than its context holds, and says so only then.
    @Test func `a server that takes fewer tokens at once gets fewer`() async throws {
        let script = Script(context: 4096, batch: 200)
        try await withEncoder(script) { engine in
            try await engine.ready()
            #expect(try await engine.embed(String(repeating: "a", count: 1000))?[0] == 125)
        }
    }

    /// A job must not fail by its encoder: it waits, and another encoder's numbers would mean something else.
    @Test(arguments: [
        (500, #"{"error": {"code": 500, "message": "broken", "type": "server_error"}}"#),
        (400, #"{"error": {"code": 400, "message": "no", "type": "invalid_request_error"}}"#),
        (200, #"{"data": []}"#), (200, #"{"data": [{"embedding": []}]}"#), (200, #"{"data": [{"embedding": [null]}]}"#),
        (200, "not JSON"), (500, #"{"error": {"code": 500, "message": "too large", "type": "server_error"}}"#),
    ])
    func `whatever is wrong with an answer, the encoder is unavailable`(status: Int, body: String) async throws {
        let script = Script()
        try await withEncoder(script) { engine in
            try await engine.ready()
            script.fault.withLock { $0 = (status, body) }
            let error = await #expect(throws: GenerationError.self) { try await engine.embed("abc") }
            guard case .unavailable(.encoder, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.isPassing == true)
        }
    }

    @Test func `a server that embeds nothing is not ready, and says why`() async throws {
        let script = Script()
        let message = "This server does not support embeddings. Start it with `--embeddings`"
        script.fault.withLock { $0 = (501, #"{"error": {"code": 501, "message": "\#(message)"}}"#) }
        try await withEncoder(script) { engine in
            await #expect(throws: GenerationError.http(role: .encoder, status: 501, message: message)) {
                try await engine.ready()
            }
        }
    }

    @Test(arguments: [
        (0, ""), (1, "0"), (2, "09"), (3, "019"), (9, "012346789"), (10, "0123456789"), (11, "0123456789"),
    ])
    func `both ends of the tokens stay`(limit: Int, kept: String) {
        #expect(withoutMiddle(Array(0...9), limit: limit).map(String.init).joined() == kept)
    }

    /// An encoder evaluates a whole text at once, and needs the memory for it.
    @Test func `an encoder's batch is its context`() throws {
        let writer = LocalEngine(modelPath: "", context: 4096, socketPath: "")
        let encoder = LocalEngine(isEncoder: true, modelPath: "", context: 4096, socketPath: "")
        #expect(writer.physicalBatch == 256)
        #expect(encoder.physicalBatch == 4096)
    }
}
