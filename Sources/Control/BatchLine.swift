package import Domain

/// One line of an OpenAI batch file: what to do, and what the line itself asks of the queue.
///
/// Taken: `custom_id`, `method` (POST), `url` (/v1/chat/completions, or /v1/completions whose `prompt` becomes the
/// user's message), `body.messages` (text only), `body.model` and `body.metadata` (given back). Sampling parameters
/// and unknown members of the body are the roles' affair and change nothing; what would ask for another kind of
/// answer (`stream`, `n` > 1, `tools`) is refused. Beside the body may stand `londi`: `verifier`, `answer_marker`,
/// `environment` (`name`, `seed`, `options`; then without messages), `max_steps`, `max_attempts`, `deepthink_calls`, `priority`, `not_before`, `deadline`, `time_limit` (seconds), `after_ok`
/// and `after_any` (each an array of job numbers and of custom_ids of earlier lines).
/// - Source: OpenAI API reference, "Batch", the request input object.
package struct BatchLine: Hashable, Sendable {
    package var customID: String
    package var specification: JobSpecification
    /// nil: the batch's.
    package var priority: Int?
    package var notBefore: Timestamp?
    package var deadline: Timestamp?
    /// nil: the queue's.
    package var maxAttempts: Int?
    /// nil: the queue's alone.
    package var deepthinkCalls: Int?
    /// nil: the batch's.
    package var timeLimitMilliseconds: Int64?
    /// The batch's come to these.
    package var needs: [Need] = []

    /// - Throws: what is wrong, at which member, and what is expected.
    package init(parsing text: String) throws(BatchLineError) {
        let line: JSONValue
        do throws(JSONError) { line = try JSONReader.value(of: text, valueLimit: ControlLimits().values) } catch {
            throw BatchLineError(message: error.description)
        }
        guard let members = line.object else { throw .expected("the line", line, "an object with custom_id and body") }
        customID = try Self.customID(members["custom_id"])
        guard members["method"]?.string == "POST" else { throw .expected("method", members["method"], "\"POST\"") }
        guard let body = members["body"], let bodyMembers = body.object else {
            throw .expected("body", members["body"], "an object with messages")
        }
        let acts = (members["londi"]?["environment"] ?? .null) != .null
        let messages =
            switch members["url"]?.string {
            case "/v1/chat/completions" where acts && bodyMembers["messages"] ?? .array([]) == .array([]): [Message]()
            case "/v1/chat/completions": try Self.chat(bodyMembers["messages"])
            case "/v1/completions": [Message(role: "user", content: try Self.prompt(bodyMembers["prompt"]))]
            default:
                throw .expected(
                    "url", members["url"], "\"/v1/chat/completions\" (or \"/v1/completions\" with a prompt)")
            }
        try Self.refuseOtherAnswers(bodyMembers)
        specification = JobSpecification(
            messages: messages, customID: customID, model: try Self.model(bodyMembers["model"]),
            metadata: bodyMembers["metadata"] == .null ? nil : bodyMembers["metadata"])
        try readOptions(members["londi"] ?? .null)
    }

    private static func customID(_ value: JSONValue?) throws(BatchLineError) -> String {
        guard let text = value?.string, (1...512).contains(text.utf8.count) else {
            throw .expected("custom_id", value, "a text of 1 to 512 bytes, different on every line")
        }
        return text
    }

    private static func chat(_ value: JSONValue?) throws(BatchLineError) -> [Message] {
        guard let items = value?.array, !items.isEmpty else {
            throw .expected("body.messages", value, "an array of at least one message")
        }
        var messages: [Message] = []
        for (index, item) in items.enumerated() {
            let path = "body.messages[\(index)]"
            guard let role = item["role"]?.string, ["system", "developer", "user", "assistant"].contains(role) else {
                throw .expected("\(path).role", item["role"], "\"system\", \"user\" or \"assistant\"")
            }
            // OpenAI's newer name for the same thing.
            let known = role == "developer" ? "system" : role
            messages.append(Message(role: known, content: try content(item["content"], path: "\(path).content")))
        }
        guard messages.contains(where: { $0.role == "user" }) else {
            throw .expected("body.messages", nil, "a message of the role \"user\"")
        }
        return messages
    }

    private static func content(_ value: JSONValue?, path: String) throws(BatchLineError) -> String {
        if let text = value?.string { return text }
        guard let parts = value?.array, !parts.isEmpty else {
            throw .expected(path, value, "a text or an array of {\"type\": \"text\", \"text\": ...}")
        }
        var text = ""
        for (index, part) in parts.enumerated() {
            guard part["type"]?.string == "text", let piece = part["text"]?.string else {
                throw .expected(
                    "\(path)[\(index)]", part, "{\"type\": \"text\", \"text\": ...}: other kinds are not read")
            }
            text += piece
        }
        return text
    }

    private static func prompt(_ value: JSONValue?) throws(BatchLineError) -> String {
        guard let text = value?.string, !text.isEmpty else { throw .expected("body.prompt", value, "a text") }
        return text
    }

    private static func model(_ value: JSONValue?) throws(BatchLineError) -> String? {
        guard let value, value != .null else { return nil }
        guard let text = value.string else { throw .expected("body.model", value, "a text, or leave it out") }
        return text
    }

    private static func refuseOtherAnswers(_ body: [String: JSONValue]) throws(BatchLineError) {
        if let stream = body["stream"], stream != .bool(false), stream != .null {
            throw .expected("body.stream", stream, "false: a batch is not streamed")
        }
        if let count = body["n"], count.integer != 1, count != .null {
            throw .expected("body.n", count, "1: a job has one answer; repeat the line for more")
        }
        for name in ["tools", "functions"] {
            if let tools = body[name], tools != .null, tools != .array([]) {
                throw .expected("body.\(name)", tools, "nothing: tools are not called")
            }
        }
        for name in ["max_tokens", "max_completion_tokens"] {
            if let limit = body[name], limit != .null, limit.integer ?? 0 < 1 {
                throw .expected("body.\(name)", limit, "a whole number >= 1")
            }
        }
        if body["londi"] != nil { throw .expected("body.londi", nil, "\"londi\" beside the body, not in it") }
    }

    private mutating func readOptions(_ value: JSONValue) throws(BatchLineError) {
        if value == .null { return }
        guard let options = value.object else {
            throw .expected("londi", value, "an object such as {\"verifier\": ...}")
        }
        for (name, option) in options.sorted(by: { $0.key < $1.key }) {
            do throws(ControlError) {
                switch name {
                case "verifier": specification.verifier = try Verifier(json: option, path: "londi.verifier")
                case "environment":
                    specification.environment = try EnvironmentRequest(json: option, path: "londi.environment")
                case "answer_marker": specification.answerMarker = try Self.marker(option)
                case "max_steps":
                    specification.maxSteps = try Self.whole(option, "londi.max_steps", SubmissionLimits.maxSteps)
                case "max_attempts":
                    maxAttempts = try Self.whole(option, "londi.max_attempts", SubmissionLimits.maxAttempts)
                case "deepthink_calls":
                    deepthinkCalls = try Self.whole(
                        option, "londi.deepthink_calls", SubmissionLimits.deepthinkCalls)
                case "priority": priority = try Self.whole(option, "londi.priority", SubmissionLimits.priority)
                case "not_before": notBefore = try Self.instant(option, "londi.not_before")
                case "deadline": deadline = try Self.instant(option, "londi.deadline")
                case "time_limit": timeLimitMilliseconds = try Self.seconds(option, "londi.time_limit")
                case "after_ok": needs += try Self.needs(option, .afterOK, "londi.after_ok")
                case "after_any": needs += try Self.needs(option, .afterAny, "londi.after_any")
                default:
                    throw .invalidArgument(
                        argument: "londi.\(name)", value: JSONText.text(of: option),
                        remedy:
                            "londi takes verifier, environment, answer_marker, max_steps, max_attempts, deepthink_calls, "
                            + "priority, not_before, deadline, time_limit, after_ok and after_any")
                }
            } catch { throw BatchLineError(message: error.description) }
        }
        do throws(ControlError) { try specification.checkEnvironment() } catch {
            throw BatchLineError(message: error.description)
        }
        guard needs.count <= Need.limit else {
            throw BatchLineError(
                message: "londi names \(needs.count) jobs to wait for; at most \(Need.limit) are taken")
        }
    }

    /// Seconds as milliseconds.
    private static func seconds(_ value: JSONValue, _ path: String) throws(ControlError) -> Int64 {
        let range = SubmissionLimits.timeLimitMilliseconds
        guard let number = value.number, number * 1000 >= 1, number * 1000 <= Double(range.upperBound) else {
            throw .invalidArgument(
                argument: path, value: JSONText.text(of: value), remedy: "use seconds above 0, such as 90")
        }
        return Int64((number * 1000).rounded())
    }

    private static func needs(
        _ value: JSONValue, _ kind: Need.Kind, _ path: String
    ) throws(ControlError) -> [Need] {
        func wrong() -> ControlError {
            .invalidArgument(
                argument: path, value: JSONText.text(of: value),
                remedy: "use an array of custom_ids of earlier lines and of job numbers, such as [\"p1\", 42]")
        }
        guard let items = value.array else { throw wrong() }
        var needs: [Need] = []
        for item in items {
            if let id = item.string, !id.isEmpty {
                needs.append(Need(kind, .line(id)))
            } else if let number = item.integer, number > 0 {
                needs.append(Need(kind, .job(JobID(number))))
            } else {
                throw wrong()
            }
        }
        return needs
    }

    private static func marker(_ value: JSONValue) throws(ControlError) -> String {
        guard let text = value.string, SubmissionLimits.answerMarker.contains(text.utf8.count) else {
            throw .invalidArgument(
                argument: "londi.answer_marker", value: JSONText.text(of: value),
                remedy: "use a text of 1 to 64 bytes such as \"Answer:\"")
        }
        return text
    }

    private static func instant(_ value: JSONValue, _ path: String) throws(ControlError) -> Timestamp {
        try RFC3339.parse(value.string ?? JSONText.text(of: value), argument: path)
    }

    private static func whole(
        _ value: JSONValue, _ path: String, _ range: ClosedRange<Int64>
    ) throws(ControlError) -> Int {
        guard let number = value.integer, range.contains(number) else {
            throw SubmissionLimits.outside(range, path, value: JSONText.text(of: value))
        }
        return Int(number)
    }
}

/// What is wrong with a batch line, for the person who wrote it.
package struct BatchLineError: Error, Equatable, CustomStringConvertible {
    package let message: String

    package init(message: String) { self.message = message }

    package var description: String { message }

    fileprivate static func expected(_ path: String, _ value: JSONValue?, _ expected: String) -> BatchLineError {
        let text = value.map { JSONText.text(of: $0) } ?? "missing"
        let start = text.firstScalars(77)
        let shown = text.unicodeScalars.count > 80 ? start + "..." : text[...]
        return BatchLineError(message: "\(path) is \(shown); expected \(expected)")
    }
}
