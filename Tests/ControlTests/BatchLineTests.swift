import Control
import Domain
import FoundationEssentials
import Testing

/// Files written for OpenAI's batch API are taken as they are, and a mistake is named so that its writer can mend it.
@Suite struct `Batch lines` {
    private static let body = #""body":{"messages":[{"role":"user","content":"hi"}]}"#
    private static func chat(_ rest: String, head: String = #""custom_id":"a","method":"POST","#) -> String {
        "{\(head)\"url\":\"/v1/chat/completions\",\(rest)}"
    }

    @Test func `of a chat are read with everything that they say`() throws {
        let line = try BatchLine(
            parsing: #"""
                {"custom_id": "p-1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-x",
                "max_tokens": 100, "temperature": 0, "metadata": {"family": "sums"}, "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "2+"}, {"type": "text", "text": "2?"}]}]},
                "londi": {"verifier": {"type": "numeric", "answer": 4}, "max_steps": 3, "max_attempts": 2, "priority": -5, "deepthink_calls": 0,
                "not_before": "2026-11-23T10:00:00Z", "deadline": "2026-11-23T12:30:00+01:00", "time_limit": 1.5,
                "after_ok": ["p-0", 42], "after_any": [7]}}
                """#)
        #expect(line.customID == "p-1")
        #expect(
            line.specification
                == JobSpecification(
                    messages: [
                        Message(role: "system", content: "Be brief."), Message(role: "user", content: "2+2?"),
                    ], verifier: .numeric(answer: 4, tolerance: 0), maxSteps: 3, customID: "p-1", model: "gpt-x",
                    metadata: .object(["family": .string("sums")])))
        #expect(line.priority == -5 && line.maxAttempts == 2 && line.deepthinkCalls == 0)
        #expect(line.timeLimitMilliseconds == 1_500)
        #expect(
            line.needs == [
                Need(.afterAny, .job(JobID(7))), Need(.afterOK, .line("p-0")), Need(.afterOK, .job(JobID(42))),
            ])
        #expect(line.notBefore == Timestamp(milliseconds: 1_795_428_000_000))
        #expect(line.deadline == Timestamp(milliseconds: 1_795_433_400_000))
    }

    @Test func `that name an environment need no messages`() throws {
        let londi = #""londi":{"environment":{"name":"rooms","seed":7,"options":{"level":"one"}},"max_steps":9}"#
        for body in [#""body":{},"#, #""body":{"messages":[]},"#] {
            let line = try BatchLine(parsing: Self.chat(body + londi))
            #expect(
                line.specification
                    == JobSpecification(
                        messages: [], maxSteps: 9, customID: "a",
                        environment: EnvironmentRequest(name: "rooms", seed: 7, options: ["level": "one"])))
        }
    }

    @Test(arguments: [
        (#""environment":7"#, "londi.environment"), (#""environment":{"seed":1}"#, "londi.environment.name"),
        (#""environment":{"name":"r","task":"t"}"#, "londi.environment.task"),
        (#""environment":{"name":"r","seed":-1}"#, "seed"),
        (#""environment":{"name":"r","options":{"n":1}}"#, "londi.environment.options.n"),
        (#""environment":{"name":"r"},"verifier":{"type":"feedback"}"#, "leave messages, verifier"),
    ])
    func `that name an environment wrongly say where`(londi: String, words: String) throws {
        let error = #expect(throws: BatchLineError.self) {
            try BatchLine(parsing: Self.chat(#""body":{},"londi":{"# + londi + "}"))
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `that name an environment have no messages`() throws {
        let error = #expect(throws: BatchLineError.self) {
            try BatchLine(parsing: Self.chat(Self.body + #","londi":{"environment":{"name":"r"}}"#))
        }
        #expect(error?.message.contains("leave messages, verifier") == true)
    }

    @Test func `of a completion become one message of the user`() throws {
        let line = try BatchLine(
            parsing: #"{"custom_id":"c","method":"POST","url":"/v1/completions","body":{"prompt":"Once"}}"#)
        #expect(line.specification.messages == [Message(role: "user", content: "Once")])
    }

    @Test(arguments: [
        ("nonsense", "not JSON at column 2: null was expected, found 'o'"),
        ("[]", "the line is []; expected an object with custom_id and body"),
        (
            chat(body, head: #""method":"POST","#),
            "custom_id is missing; expected a text of 1 to 512 bytes, different on every line"
        ),
        (
            chat(body, head: #""custom_id":7,"method":"POST","#),
            "custom_id is 7; expected a text of 1 to 512 bytes, different on every line"
        ),
        (chat(body, head: #""custom_id":"a","method":"GET","#), "method is \"GET\"; expected \"POST\""),
        (
            #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}"#,
            "url is \"/v1/embeddings\"; expected \"/v1/chat/completions\" (or \"/v1/completions\" with a prompt)"
        ),
        (chat(#""body":{}"#), "body.messages is missing; expected an array of at least one message"),
        (chat(#""body":{"messages":[]}"#), "body.messages is []; expected an array of at least one message"),
        (
            chat(#""body":{"messages":[{"role":"tool","content":"x"}]}"#),
            "body.messages[0].role is \"tool\"; expected \"system\", \"user\" or \"assistant\""
        ),
        (
            chat(#""body":{"messages":[{"role":"user","content":{"a":1}}]}"#),
            "body.messages[0].content is {\"a\":1}; expected a text or an array of {\"type\": \"text\", \"text\": ...}"
        ),
        (
            chat(#""body":{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#),
            "body.messages[0].content[0] is {\"type\":\"image_url\"}; expected {\"type\": \"text\", \"text\": ...}: "
                + "other kinds are not read"
        ),
        (
            chat(#""body":{"messages":[{"role":"system","content":"x"}]}"#),
            "body.messages is missing; expected a message of the role \"user\""
        ),
        (
            chat(#""body":{"messages":[{"role":"user","content":"x"}],"stream":true}"#),
            "body.stream is true; expected false: a batch is not streamed"
        ),
        (
            chat(#""body":{"messages":[{"role":"user","content":"x"}],"max_tokens":0}"#),
            "body.max_tokens is 0; expected a whole number >= 1"
        ),
        (
            chat(body + #","londi":{"verifier":{"type":"exat","answer":"4"}}"#),
            "londi.verifier.type cannot be 'exat': use exact, numeric, regex, json_schema, command or feedback"
        ),
        (
            chat(body + #","londi":{"verifier":{"type":"numeric","answer":"4"}}"#),
            "londi.verifier.answer cannot be '\"4\"': use a number"
        ),
        (
            chat(body + #","londi":{"max_steps":0}"#),
            "londi.max_steps cannot be '0': use a whole number from 1 to 10000"
        ),
        (
            chat(body + #","londi":{"deepthink_calls":-1}"#),
            "londi.deepthink_calls cannot be '-1': use a whole number from 0 to 10000"
        ),
        (
            chat(body + #","londi":{"verifer":{}}"#),
            "londi.verifer cannot be '{}': londi takes verifier, environment, answer_marker, max_steps, max_attempts, deepthink_calls, "
                + "priority, not_before, deadline, time_limit, after_ok and after_any"
        ),
        (
            chat(body + #","londi":{"time_limit":0}"#),
            "londi.time_limit cannot be '0': use seconds above 0, such as 90"
        ),
        (
            chat(body + #","londi":{"after_ok":"p1"}"#),
            "londi.after_ok cannot be '\"p1\"': use an array of custom_ids of earlier lines and of job numbers, such as "
                + "[\"p1\", 42]"
        ),
        (
            chat(body + #","londi":{"deadline":"tomorrow"}"#),
            "londi.deadline cannot be 'tomorrow': use 2026-11-23T10:00:00Z or 2026-11-23T11:00:00+01:00"
        ),
        (
            chat(body + #","londi":{"not_before":7}"#),
            "londi.not_before cannot be '7': use 2026-11-23T10:00:00Z or 2026-11-23T11:00:00+01:00"
        ),
    ])
    func `with a mistake say what it is and what is expected`(line: String, message: String) {
        let error = #expect(throws: BatchLineError.self) { try BatchLine(parsing: line) }
        #expect(error?.message == message)
    }

    /// Two readers of verifiers exist, Domain's decoder and the one with messages for people: they must agree.
    @Test(arguments: [
        #"{"type":"exact","answer":"x"}"#, #"{"type":"exact","answer":"x","ignore_case":true}"#,
        #"{"type":"numeric","answer":-1.5,"tolerance":0.01}"#, #"{"type":"regex","pattern":"^a"}"#,
        #"{"type":"json_schema","schema":{"type":"object"}}"#,
        #"{"type":"command","name":"gym","arguments":{"a":[1]}}"#,
        #"{"type":"command","name":"gym"}"#, #"{"type":"feedback"}"#, #"{"type":"numeric","answer":1,"tolerance":-1}"#,
        #"{"type":"regex"}"#, #"{"answer":"x"}"#,
    ])
    func `have verifiers that both readers read alike`(text: String) throws {
        var domain: Verifier?
        do { domain = try JSONDecoder().decode(Verifier.self, from: Data(text.utf8)) } catch { domain = nil }
        var ours: Verifier?
        do { ours = try Verifier(json: JSONReader.value(of: text)) } catch { ours = nil }
        #expect(ours == domain)
    }
}
