package import Domain

/// One job's result as one line of OpenAI's batch output or error file, joined to its request by `custom_id`.
/// - Source: OpenAI API reference, "Batch", the request output object; "Chat", the completion object.
package struct BatchResult: Hashable, Sendable {
    package var job: JobID
    package var specification: JobSpecification
    package var endedAt: Timestamp
    /// nil: the job ended without an answer, and `fault` says why.
    package var outcome: Outcome?
    package var state: JobState
    package var fault: String?
    /// The same in a word that stays, as `JobView.faultCode`.
    package var faultCode: String?
    package var refusal: BudgetRefusal?
    package var quick: Spend
    package var deepthink: Spend
    /// Prompt tokens evaluated or reused, and tokens generated, over all steps.
    package var promptTokens: Int64
    package var generatedTokens: Int64
    /// What is wrong with the stored request; nil where it is what was submitted.
    package var damage: String?

    package init(
        job: JobID, specification: JobSpecification, endedAt: Timestamp, outcome: Outcome?, state: JobState,
        fault: String? = nil, faultCode: String? = nil, refusal: BudgetRefusal? = nil, quick: Spend, deepthink: Spend,
        promptTokens: Int64,
        generatedTokens: Int64
    ) {
        self.job = job
        self.specification = specification
        self.endedAt = endedAt
        self.outcome = outcome
        self.state = state
        self.fault = fault
        self.faultCode = faultCode
        self.refusal = refusal
        self.quick = quick
        self.deepthink = deepthink
        self.promptTokens = promptTokens
        self.generatedTokens = generatedTokens
    }

    /// The line, and in which of the two files it belongs.
    package var line: ResultLine {
        var members: [String: JSONValue] = [
            "id": .string("job_\(job)"), "custom_id": specification.customID.map(JSONValue.string) ?? .null,
            "londi": londi,
        ]
        if let outcome {
            members["response"] = response(outcome)
            members["error"] = .null
        } else {
            members["response"] = .null
            members["error"] = .object([
                "code": .string(errorCode), "message": .string(fault ?? "the job was \(state.rawValue)"),
            ])
        }
        return ResultLine(
            job: job, kind: outcome == nil ? .error : .output, endedAt: endedAt,
            line: JSONText.text(of: JSONValue.object(members)), damage: damage)
    }

    /// OpenAI's own words where it has one: a batch cancelled, a completion window over, a request that took too long. The
    /// daemon's own word for every other fault.
    private var errorCode: String {
        switch (state, faultCode) {
        case (.cancelled, nil): "batch_cancelled"
        case (.timeout, "deadline"): "batch_expired"
        case (.timeout, "time-limit"): "request_timeout"
        case (_, let code): code ?? state.rawValue
        }
    }

    private func response(_ outcome: Outcome) -> JSONValue {
        let choice: [String: JSONValue] = [
            "index": .integer(0), "logprobs": .null,
            "finish_reason": .string(outcome.end == .answered ? "stop" : "length"),
            "message": .object(["role": .string("assistant"), "content": .string(outcome.answer)]),
        ]
        var body: [String: JSONValue] = [
            "id": .string("job_\(job)"), "object": .string("chat.completion"),
            "created": .integer(endedAt.milliseconds / 1000), "model": .string(specification.model ?? "londi"),
            "choices": .array([.object(choice)]),
            "usage": .object([
                "prompt_tokens": .integer(promptTokens), "completion_tokens": .integer(generatedTokens),
                "total_tokens": .integer(promptTokens + generatedTokens),
            ]),
        ]
        body["metadata"] = specification.metadata
        return .object([
            "status_code": .integer(200), "request_id": .string("job_\(job)"), "body": .object(body),
        ])
    }

    private var londi: JSONValue {
        func amount(_ spend: Spend) -> JSONValue {
            .object([
                "calls": .integer(spend.calls), "tokens": .integer(spend.tokens),
                "gpu_milliseconds": .integer(spend.gpuMilliseconds),
            ])
        }
        var members: [String: JSONValue] = [
            "state": .string(state.rawValue), "quick": amount(quick), "deepthink": amount(deepthink),
        ]
        members["damage"] = damage.map(JSONValue.string)
        members["reward"] = outcome?.reward.map(JSONValue.number)
        members["success"] = outcome?.success.map(JSONValue.bool)
        members["refusal"] = refusal.map { refusal in
            .object([
                "limit_source": .string(refusal.limitSource), "scope": .string(refusal.scope.rawValue),
                "limit": .integer(refusal.limit), "spent": .integer(refusal.spent),
                "reserved": .integer(refusal.reserved), "resets_at": .string(RFC3339.text(of: refusal.resetsAt)),
            ])
        }
        return .object(members)
    }
}
