import Control
import Domain
import Testing

/// Programs written for OpenAI's output files read ours: every member that they touch must be where they look.
@Suite struct `Batch results` {
    private static func result(
        _ outcome: Outcome?, state: JobState, fault: String? = nil, code: String? = nil
    ) -> ResultLine {
        BatchResult(
            job: JobID(7),
            specification: JobSpecification(
                messages: [Message(role: "user", content: "2+2?")], customID: "p-1", model: "gpt-x"),
            endedAt: Timestamp(milliseconds: 1_800_000_000_123), outcome: outcome, state: state, fault: fault,
            faultCode: code, quick: Spend(calls: 1, tokens: 30, gpuMilliseconds: 40), deepthink: .zero,
            promptTokens: 20,
            generatedTokens: 10
        ).line
    }

    @Test func `of an answered job are a chat completion`() throws {
        let line = Self.result(Outcome(answer: "4\n", end: .answered, reward: 1), state: .completed)
        #expect(line.kind == .output)
        let json = try JSONReader.value(of: line.line)
        #expect(json["custom_id"] == .string("p-1"))
        #expect(json["error"] == .null)
        let body = try #require(json["response"]?["body"])
        #expect(json["response"]?["status_code"] == .integer(200))
        #expect(body["object"] == .string("chat.completion"))
        #expect(body["model"] == .string("gpt-x"))
        #expect(body["choices"]?.array?.first?["message"]?["content"] == .string("4\n"))
        #expect(body["choices"]?.array?.first?["finish_reason"] == .string("stop"))
        #expect(body["usage"]?["total_tokens"] == .integer(30))
        #expect(json["londi"]?["reward"]?.number == 1)
        #expect(json["londi"]?["success"] == nil)
    }

    @Test func `of an episode in an environment say whether its goal was reached`() throws {
        let outcome = Outcome(answer: "go\ngo", end: .answered, reward: 19.5, success: true)
        let json = try JSONReader.value(of: Self.result(outcome, state: .completed).line)
        #expect(json["londi"]?["success"] == .bool(true))
    }

    @Test func `of a truncated answer say length`() throws {
        let line = Self.result(Outcome(answer: "", end: .stepLimit, reward: nil), state: .completed)
        let json = try JSONReader.value(of: line.line)
        #expect(json["response"]?["body"]?["choices"]?.array?.first?["finish_reason"] == .string("length"))
        #expect(json["londi"]?["reward"] == nil)
    }

    @Test func `of a job without an answer belong to the error file`() throws {
        let line = Self.result(nil, state: .failed, fault: "the prompt is longer than the context", code: "model-error")
        #expect(line.kind == .error)
        let json = try JSONReader.value(of: line.line)
        #expect(json["response"] == .null)
        #expect(json["error"]?["message"] == .string("the prompt is longer than the context"))
        #expect(json["error"]?["code"] == .string("model-error"))
    }

    @Test func `of a job that nothing ended but its user have OpenAI's code`() throws {
        let json = try JSONReader.value(of: Self.result(nil, state: .cancelled).line)
        #expect(json["error"]?["code"] == .string("batch_cancelled"))
        #expect(json["error"]?["message"] == .string("the job was cancelled"))
    }

    @Test(arguments: [
        (JobState.timeout, "deadline", "batch_expired"), (.timeout, "time-limit", "request_timeout"),
        (.cancelled, "dependency-failed", "dependency-failed"), (.failed, "budget-exhausted", "budget-exhausted"),
    ])
    func `of a job that came to nothing say why`(state: JobState, code: String, expected: String) throws {
        let line = Self.result(nil, state: state, fault: "why", code: code)
        #expect(line.kind == .error)
        let json = try JSONReader.value(of: line.line)
        #expect(json["error"]?["code"] == .string(expected))
        #expect(json["londi"]?["state"] == .string(state.rawValue))
    }
}
