import Domain
import Testing

@testable import Generation

/// The network cuts a stream anywhere, and a token must neither be lost nor read twice.
@Suite struct EventStreamTests {
    private static let table: [(bytes: String, events: [String])] = [
        ("data: one\n\n", ["one"]),
        ("data:one\n\ndata: two\n\n", ["one", "two"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        ("data: a\r\rdata: b\r\r", ["a", "b"]),
        ("data: first\ndata: second\n\n", ["first\nsecond"]),
        (": a comment\nid: 3\nevent: token\ndata: x\n\n", ["x"]),
        ("\n\n\n", []),
        ("data\n\n", [""]),
        ("data: not ended", []),
        ("error: {\"code\":500}\n\n", ["{\"code\":500}"]),
        ("data:  two spaces: one belongs to the text\n\n", [" two spaces: one belongs to the text"]),
        ("data: Zoë 🐈\n\n", ["Zoë 🐈"]),
    ]

    @Test(arguments: table) func `events survive every way to cut the stream in two`(bytes: String, events: [String])
        throws
    {
        let whole = Array(bytes.utf8)
        for cut in 0...whole.count {
            var parser = EventStreamParser()
            let first = try parser.feed(whole[..<cut])
            let second = try parser.feed(whole[cut...])
            #expect((first + second).map { String(decoding: $0, as: UTF8.self) } == events, "cut at byte \(cut)")
        }
    }

    /// A server may send a line, or an event of lines, that never ends; neither may fill the memory.
    @Test(arguments: ["x", "data: x\n"]) func `an event over the limit ends the stream`(piece: String) {
        var parser = EventStreamParser(limit: 1000)
        #expect(throws: EventStreamParser.TooLong.self) {
            for _ in 0..<2000 { _ = try parser.feed(Array(piece.utf8)) }
        }
    }

    @Test(arguments: table) func `events survive one byte at a time`(bytes: String, events: [String]) throws {
        var parser = EventStreamParser()
        var seen: [String] = []
        for byte in bytes.utf8 { seen += try parser.feed([byte]).map { String(decoding: $0, as: UTF8.self) } }
        #expect(seen == events)
    }
}

/// What the server says, token by token, and what becomes of it when it stops saying it.
@Suite struct CompletionStreamTests {
    /// Somebody else's server may write on and on, whatever it was asked for.
    @Test(arguments: [ServerDialect.llama, .completions(context: 64)])
    func `a step without an end ends the stream`(dialect: ServerDialect) {
        var stream = CompletionStream(dialect: dialect)
        let text = String(repeating: "x", count: 1 << 20)
        let event =
            dialect == .llama
            ? #"{"content": "\#(text)", "tokens": [1]}"# : #"{"choices": [{"text": "\#(text)", "token_ids": [1]}]}"#
        let bytes = Array("data: \(event)\n\n".utf8)
        var taken = 0
        while taken < 100, bytes.withUnsafeBytes({ stream.feed($0, now: .zero) }) { taken += 1 }
        #expect(taken == CompletionStream.largestStep / text.utf8.count - 1)
        #expect(stream.failure == .notUnderstood("a step over \(CompletionStream.largestStep) bytes"))
    }

    private func fed(_ events: [String]) -> CompletionStream {
        var stream = CompletionStream()
        for (index, event) in events.enumerated() {
            _ = Array("data: \(event)\n\n".utf8).withUnsafeBytes { stream.feed($0, now: .milliseconds(index * 10)) }
        }
        return stream
    }

    @Test func `text, tokens, log-probabilities and timings add up`() {
        let stream = fed([
            #"{"content":"","tokens":[0],"stop":false,"#
                + #""prompt_progress":{"total":15,"cache":4,"processed":10,"time_ms":7}}"#,
            #"{"content":"Cats","tokens":[5],"stop":false,"completion_probabilities":[{"id":5,"logprob":-0.5}]}"#,
            #"{"content":" purr","tokens":[6],"stop":false,"completion_probabilities":[{"id":6,"logprob":-3.4e38}]}"#,
            #"{"content":"","tokens":[],"stop":true,"stop_type":"eos","#
                + #""timings":{"cache_n":4,"prompt_n":11,"prompt_ms":8.5,"predicted_n":3,"predicted_ms":20.2}}"#,
        ])
        #expect(stream.failure == nil)
        #expect(stream.text == "Cats purr")
        #expect(stream.tokens == [5, 6])
        #expect(stream.logProbabilities == [-0.5, CompletionStream.lowestLogProbability])
        #expect(stream.stopType == "eos")
        #expect(stream.timings.promptTokens == 11)
        #expect(stream.timings.generatedTokens == 3)
    }

    /// A job that is cancelled while its prompt is read has used the GPU all the same.
    @Test func `a prompt that is still being read counts`() {
        let stream = fed([
            #"{"content":"","stop":false,"prompt_progress":{"total":1000,"cache":100,"processed":600,"time_ms":70}}"#
        ])
        #expect(stream.timings.promptTokens == 500)
        #expect(stream.timings.cachedTokens == 100)
        #expect(stream.tokens.isEmpty)
        var step = StepSum(
            prompt: PreparedPrompt(tokens: Array(0..<1000)), limits: StepLimits(tokens: 9, timeMilliseconds: 500))
        step.add(
            StreamPart(stream: stream, endedAt: .milliseconds(25), ending: .cancelled), stopReason: .interrupted)
        #expect(step.generated.promptTokens == 500)
        #expect(step.generated.gpuMilliseconds == 95, "70 reported, 25 since")
    }

    @Test func `an error in mid-stream is the request's error`() {
        let stream = fed([#"{"error":{"code":500,"message":"decode failed","type":"server_error"}}"#])
        #expect(stream.failure == .refused(status: 500, message: "decode failed"))
    }

    @Test func `a stream that is no JSON is refused`() {
        guard case .notUnderstood = fed(["<html>"]).failure else {
            Issue.record("took HTML for a token")
            return
        }
    }

    /// Budgets are exact: what is charged never exceeds what was reserved.
    @Test func `no step is charged more than its worst case`() {
        let stream = fed([
            #"{"content":"","stop":true,"stop_type":"limit","#
                + #""timings":{"cache_n":0,"prompt_n":50,"prompt_ms":900,"predicted_n":70,"predicted_ms":900}}"#
        ])
        let prompt = PreparedPrompt(tokens: Array(0..<20))
        let limits = StepLimits(tokens: 8, timeMilliseconds: 1000)
        var step = StepSum(prompt: prompt, limits: limits)
        step.add(
            StreamPart(stream: stream, endedAt: .seconds(2), ending: .complete(.length)), stopReason: .length)
        #expect(step.generated.spend == limits.worstCase(for: prompt))
    }
}
