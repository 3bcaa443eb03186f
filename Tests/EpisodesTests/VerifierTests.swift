import Domain
import Foundation
import Testing

@testable import Episodes

/// A reward is what the Switcher learns from, so what counts as right is fixed case by case.
@Suite struct Verifying {
    private static let judge = Judge(commands: [])

    private static func reward(_ verifier: Verifier, _ text: String, marker: String? = nil) async throws -> Double? {
        let specification = JobSpecification(
            messages: [Message(role: "user", content: "?")], verifier: verifier, answerMarker: marker)
        return try await judge.reward(for: text, of: specification, job: JobID(1))
    }

    @Test(arguments: [
        ("The answer is 42.", 42.0), ("-3", -3.0), ("1,234.5 dollars", 1234.5), ("$0.25", 0.25), ("1.5e-3", 0.0015),
        ("12 apples and 7", 7.0), ("3 - 4", 4.0), ("x=-7", -7.0), ("5-3", -3.0), ("10,20", 20.0), ("2e", 2.0),
        (".5", 0.5),
        ("1,000,000", 1_000_000.0), ("version 1.2.3", 2.3), ("+8", 8.0),
    ])
    func `the last number in a text`(text: String, expected: Double) {
        #expect(lastNumber(in: text) == expected)
    }

    @Test(arguments: ["", "none", "nan inf", "-", "e10x", "."])
    func `a text without a number has none`(text: String) {
        if text == "e10x" { #expect(lastNumber(in: text) == 10) } else { #expect(lastNumber(in: text) == nil) }
    }

    @Test func `numeric rewards within the tolerance and not beyond`() async throws {
        let verifier = Verifier.numeric(answer: 10, tolerance: 0.5)
        #expect(try await Self.reward(verifier, "about 10.5") == 1)
        #expect(try await Self.reward(verifier, "about 10.51") == 0)
        #expect(try await Self.reward(verifier, "no idea") == 0)
    }

    @Test func `exact compares without the white space around and, if told, without letter case`() async throws {
        #expect(try await Self.reward(.exact(answer: "Paris", ignoresCase: false), " Paris\n") == 1)
        #expect(try await Self.reward(.exact(answer: "Paris", ignoresCase: false), "paris") == 0)
        #expect(try await Self.reward(.exact(answer: "Paris", ignoresCase: true), "PARIS") == 1)
    }

    @Test func `only what follows the last answer marker is judged`() async throws {
        let text = "Answer: 3\n\nNo, wait.\n\nAnswer: 4\n"
        #expect(try await Self.reward(.exact(answer: "4", ignoresCase: false), text, marker: "Answer:") == 1)
        #expect(try await Self.reward(.exact(answer: "4", ignoresCase: false), text) == 0)
    }

    @Test func `feedback and no verifier give no reward yet, which is not reward 0`() async throws {
        #expect(try await Self.reward(.feedback, "x") == nil)
    }

    /// U+0600 joins the brace behind it into one Character, which glibc does not know: it took 3.5 GB.
    @Test(arguments: ["", "\u{600}"])
    func `a repetition is counted whatever stands before its brace`(before: String) throws {
        let inner = String(repeating: "\(before){32000}", count: 3)
        for pattern in ["(\(inner)){200}", "a\(before){32000}", "(a\(before)+\(before){200}){200}"] {
            #expect(throws: VerificationError.self) { try ExtendedRegex.check(pattern) }
        }
        try ExtendedRegex.check("a\(before){20}")
    }

    @Test func `an escape that this language lacks is refused whatever stands beside it`() throws {
        for pattern in ["\\d", "\u{600}\\d", "\\d\u{301}", "(a)\u{600}\\1"] {
            #expect(throws: VerificationError.self) { try ExtendedRegex.check(pattern) }
        }
    }

    /// A mark of the model's that combines with the marker's last letter, or the line's end with a carriage return.
    @Test func `the marker is found by its bytes`() {
        #expect(finalAnswer(in: "Answer:\u{301} 4", marker: "Answer:") == "\u{301} 4")
        #expect(finalAnswer(in: "\u{600}Answer: 4", marker: "Answer:") == "4")
        #expect(finalAnswer(in: "no mark", marker: "") == "no mark")
    }

    @Test func `schemas compare texts by their code points`() {
        let schema = JSONValue.object(["enum": .array([.string("\u{e9}")])])
        #expect(JSONSchema.accepts(.string("\u{e9}"), schema) && !JSONSchema.accepts(.string("e\u{301}"), schema))
    }

    /// glibc doubles what stands before each `+`: 117 bytes took all memory. Found by Tests/fuzz.sh.
    @Test(arguments: [
        "x" + String(repeating: "+", count: 113),
        String(repeating: "(", count: 60) + "a" + String(repeating: "+)", count: 60),
        "[^]+]" + String(repeating: "+", count: 40), "(((x{1,6}){1,6}){1,6})" + String(repeating: "+", count: 40),
    ])
    func `repetitions of repetitions are refused before they fill the memory`(pattern: String) async {
        await #expect(
            throws: VerificationError.regex(pattern: pattern, problem: "its repetitions of repetitions are too many")
        ) { try await Self.judge.check(.regex(pattern: pattern)) }
    }

    @Test(arguments: ["([0-9]+[.,]?)+ (eur|usd)+$", "^((a+b*)+c?)+$", "\\(\\++\\)", "[]+]+", "x{200}"])
    func `ordinary repetitions are none too many`(pattern: String) async throws {
        try await Self.judge.check(.regex(pattern: pattern))
    }

    /// However many there are side by side.
    @Test func `a long pattern of single repetitions is taken`() async throws {
        try await Self.judge.check(.regex(pattern: String(repeating: "a+", count: 500)))
    }

    @Test func `regex is grep -E's language`() async throws {
        #expect(try await Self.reward(.regex(pattern: "^(yes|no)$"), "yes") == 1)
        #expect(try await Self.reward(.regex(pattern: "[0-9]{2}"), "a 7") == 0)
    }

    /// A backtracking engine takes hours for this one.
    @Test(.timeLimit(.minutes(5))) func `no pattern can take exponential time`() async throws {
        let text = String(repeating: "a", count: 5000) + "b"
        #expect(try await Self.reward(.regex(pattern: "^(a+)+$"), text) == 0)
    }

    @Test(arguments: ["(", "a{2", "(a)\\1", "\\d+", "(((a{200}){200}){200})", String(repeating: "a", count: 2000)])
    func `a pattern that cannot be used is refused at submission`(pattern: String) async {
        await #expect(throws: VerificationError.self) { try await Self.judge.check(.regex(pattern: pattern)) }
    }

    @Test func `an unknown command is refused with the known ones`() async {
        await #expect(throws: VerificationError.unknownCommand(name: "x", known: [])) {
            try await Self.judge.check(.command(name: "x", arguments: .null))
        }
    }
}

/// The documented subset of JSON Schema, keyword by keyword: a row is a schema, a value, and whether it is accepted.
@Suite struct Schemas {
    private static let table = """
        {"type":"object"}                                   {"a":1}          yes
        {"type":"object"}                                   [1]              no
        {"type":"integer"}                                  3.0              yes
        {"type":"integer"}                                  3.5              no
        {"type":["string","null"]}                          null             yes
        {"enum":[1,"a"]}                                    1.0              yes
        {"enum":[1,"a"]}                                    "b"              no
        {"const":{"a":[1]}}                                 {"a":[1.0]}      yes
        {"required":["a"]}                                  {"b":1}          no
        {"required":["a"]}                                  "text"           yes
        {"properties":{"a":{"type":"string"}}}              {"a":1}          no
        {"properties":{"a":{"type":"string"}}}              {}               yes
        {"properties":{"a":{}},"additionalProperties":false} {"a":1,"b":2}   no
        {"additionalProperties":{"type":"number"}}          {"b":2}          yes
        {"items":{"type":"number"}}                         [1,"a"]          no
        {"minItems":2}                                      [1]              no
        {"maxItems":2}                                      [1,2]            yes
        {"minLength":2}                                     "ä"              no
        {"maxLength":1}                                     "ä"              yes
        {"minimum":3}                                       3                yes
        {"exclusiveMinimum":3}                              3                no
        {"maximum":3}                                       3.1              no
        {"exclusiveMaximum":3}                              2.9              yes
        {"anyOf":[{"type":"string"},{"minimum":5}]}         6                yes
        {"allOf":[{"type":"number"},{"minimum":5}]}         4                no
        {"oneOf":[{"type":"number"},{"minimum":5}]}         6                no
        {"not":{"type":"string"}}                           "x"              no
        false                                               1                no
        true                                                1                yes
        """

    private static func value(_ text: some StringProtocol) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    @Test func `each row of the table is judged as it says`() throws {
        for row in Self.table.split(separator: "\n") {
            let cells = row.split(separator: "  ", omittingEmptySubsequences: true).map { $0.drop { $0 == " " } }
            let parts = cells.count == 3 ? cells.map(String.init) : row.split(separator: " ").map(String.init)
            let schema = try Self.value(parts[0])
            try JSONSchema.check(schema)
            #expect(JSONSchema.accepts(try Self.value(parts[1]), schema) == (parts[2] == "yes"), "\(row)")
        }
    }

    @Test(arguments: [
        #"{"pattern":"a"}"#, #"{"type":"date"}"#, #"{"items":3}"#, #"{"minLength":-1}"#, #"{"anyOf":[]}"#, "3",
        #"{"properties":{"a":{"$ref":"x"}}}"#,
    ])
    func `a schema outside the subset is refused, never half applied`(text: String) throws {
        let schema = try Self.value(text)
        #expect(throws: VerificationError.self) { try JSONSchema.check(schema) }
    }

    @Test func `a fenced answer is read and one that is no JSON is worth nothing`() async throws {
        let specification = JobSpecification(
            messages: [], verifier: .jsonSchema(schema: try Self.value(#"{"type":"array"}"#)))
        let judge = Judge(commands: [])
        #expect(try await judge.reward(for: "```json\n[1,\n2]\n```\n", of: specification, job: JobID(1)) == 1)
        #expect(try await judge.reward(for: "[1, 2", of: specification, job: JobID(1)) == 0)
    }
}
