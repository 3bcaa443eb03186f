import Domain
import Testing

@testable import Episodes

/// What members write as patterns and schemas may cost a processor minutes and the machine its memory. Whatever it costs, it
/// costs a process of its own, within limits, and its job.
@Suite(.timeLimit(.minutes(5))) struct `The judge program` {
    /// A few bytes that have the automaton of glibc grow for many seconds on 3,000 letters in no order.
    private static let hostile = "(a|b|c|ab|bc|ca)*a(a|b|c){200}x"
    private static let letters: String = {
        var state: UInt32 = 7
        return String(
            (0..<3_000).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                return Array("abc")[Int(state >> 16) % 3]
            })
    }()

    private static func judge(_ change: (inout JudgeProgram) -> Void = { _ in }) -> Judge {
        var program = JudgeProgram.own()
        change(&program)
        return Judge(commands: [], program: program)
    }

    private static func reward(_ judge: Judge, _ verifier: Verifier, _ text: String) async throws -> Double? {
        let specification = JobSpecification(messages: [Message(role: "user", content: "?")], verifier: verifier)
        return try await judge.reward(for: text, of: specification, job: JobID(1))
    }

    @Test func `a pattern that takes too long ends at the limit, as its job's fault`() async {
        let judge = Self.judge { $0.timeLimitMilliseconds = 500 }
        await #expect(throws: VerificationError.unjudged(by: "pattern", problem: "it took longer than 500 ms")) {
            try await Self.reward(judge, .regex(pattern: Self.hostile), Self.letters)
        }
    }

    /// As `londictl cancel` and a job's time limit do.
    @Test func `judging ends with its task`() async {
        let judge = Self.judge { $0.timeLimitMilliseconds = 3_600_000 }
        let task = Task { try await Self.reward(judge, .regex(pattern: Self.hostile), Self.letters) }
        task.cancel()
        await #expect(throws: VerificationError.unjudged(by: "pattern", problem: "it was cut off")) {
            try await task.value
        }
    }

    @Test func `many verifiers are looked at together, and each fault is that of its own`() async {
        let (good, bad) = (Verifier.regex(pattern: "^a+$"), Verifier.regex(pattern: "("))
        let schema = Verifier.jsonSchema(schema: .object(["minItems": .integer(-1)]))
        let unknown = Verifier.command(name: "x", arguments: .null)
        let faults = await Self.judge().faults(of: [good, bad, schema, unknown, .feedback])
        #expect(Set(faults.keys) == [bad, schema, unknown])
        #expect(faults[bad] == .regex(pattern: "(", problem: "Unmatched ( or \\("))
        #expect(faults[schema] == .schema(path: "$.minItems", problem: "it must be a whole number >= 0"))
    }

    @Test func `where it is missing the job is told`() async {
        let judge = Self.judge { $0.path = "/nowhere/londid" }
        await #expect(
            throws: VerificationError.unjudged(
                by: "pattern",
                problem: "program '/nowhere/londid' not found: install it, or give its full path")
        ) { try await judge.check(.regex(pattern: "a")) }
    }

    /// `allOf` of 300,000 on 1,000 numbers had londid answer nobody for 42 s.
    @Test(arguments: [
        (
            JSONValue.object(["allOf": .array(.init(repeating: .bool(true), count: 300_000))]),
            "has more than 20000 values"
        ),
        (.object(["description": .string(String(repeating: "x", count: 300_000))]), "is longer than 262144 bytes"),
        (
            (0..<100).reduce(JSONValue.bool(true)) { inner, _ in .object(["const": inner]) },
            "nests deeper than 64 levels"
        ),
    ])
    func `a schema that is too large is refused by its limit`(schema: JSONValue, problem: String) async {
        await #expect(
            throws: VerificationError.schema(
                path: "$", problem: "it \(problem), the limit; leave out what the answers do not need")
        ) { try await Self.judge().check(.jsonSchema(schema: schema)) }
    }
}
