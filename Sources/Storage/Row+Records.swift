internal import Domain

extension Row {
    /// From the columns of `queue`.
    func queueSettings() throws(StorageError) -> QueueSettings {
        QueueSettings(
            limits: try limits(), timeZone: try text("time_zone"), onBudget: try word("on_budget"),
            deepthinkCallsPerJob: try optionalInteger("deepthink_calls_per_job").map(Int.init),
            observe: try word("observe"),
            pacing: try word("pacing"),
            switcher: SwitcherSettings(
                kind: try word("switcher_kind"), cost: try real("switcher_cost"),
                parameter: try real("switcher_parameter"), explorationRate: try real("exploration_rate"),
                explorationShare: try real("exploration_share")),
            maxSteps: try count("max_steps"), stepTokens: try count("step_tokens"),
            maxAttempts: try count("max_attempts"), isPaused: try flag("is_paused"),
            isDraining: try flag("is_draining"), maxRunning: try optionalInteger("max_running").map(Int.init),
            share: try count("share"), retentionDays: try optionalInteger("retention_days").map(Int.init),
            warnAt: try real("warn_at"), leastReward: try real("least_reward"), mostReward: try real("most_reward"))
    }

    /// From the columns of `queue`.
    func limits() throws(StorageError) -> BudgetLimits {
        BudgetLimits(
            calls: try optionalInteger("limit_calls"), tokens: try optionalInteger("limit_tokens"),
            gpuMilliseconds: try optionalInteger("limit_gpu_ms"))
    }

    /// From the columns of `step`; nil where it wrote nothing.
    func generated() throws(StorageError) -> Generated? {
        guard let text = try optionalText("text") else { return nil }
        return Generated(
            text: text, stopReason: try word("stop_reason"), promptTokens: try integer("prompt_tokens"),
            cachedTokens: try integer("cached_tokens"), generatedTokens: try integer("generated_tokens"),
            gpuMilliseconds: try integer("gpu_ms"), logProbabilities: try logProbabilities())
    }

    /// From the columns of `step`; nil where no environment answered to it.
    func observation() throws(StorageError) -> Observation? {
        guard let text = try optionalText("observation") else { return nil }
        return Observation(
            text: text, reward: try real("reward"), end: try optionalWord("environment_end"),
            success: try flag("is_success"))
    }

    /// From the columns of `episode`; nil where no environment has begun it.
    func opening() throws(StorageError) -> Opening? {
        guard let goal = try optionalText("goal") else { return nil }
        return Opening(goal: goal, observation: try text("opening"), maxSteps: try count("environment_steps"))
    }

    private func logProbabilities() throws(StorageError) -> LogProbabilities? {
        guard try optionalReal("logprob_mean") != nil else { return nil }
        return LogProbabilities(
            minimum: try real("logprob_minimum"), lowerQuartile: try real("logprob_lower_quartile"),
            median: try real("logprob_median"), mean: try real("logprob_mean"))
    }

    /// From the columns of `step`.
    func decision() throws(StorageError) -> Decision {
        var values: ActionValues?
        if try optionalReal("value_quick") != nil {
            values = ActionValues(quick: try real("value_quick"), deepthink: try real("value_deepthink"))
        }
        return Decision(
            role: try word("role"), values: values, propensity: try real("propensity"),
            maskReason: try optionalWord("mask_reason"), isExploration: try flag("is_exploration"),
            seed: UInt64(bitPattern: try integer("seed")), policyVersion: try integer("policy_version"),
            price: try optionalReal("price"))
    }

    /// From the columns of `job`.
    func submitter() throws(StorageError) -> User {
        User(uid: try uid("submitter_uid"), name: try text("submitter_name"))
    }

    /// 32-bit floats, little-endian.
    func floats(_ column: String) throws(StorageError) -> [Float] { floatsOfBytes(try blob(column)) }
}

/// 32-bit floats, little-endian; a rest of less than four bytes is cut off.
func floatsOfBytes(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
        let pattern = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
        return Float(bitPattern: pattern)
    }
}

/// The inverse of `floatsOfBytes`.
func bytesOfFloats(_ floats: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(floats.count * 4)
    for float in floats {
        let pattern = float.bitPattern
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: pattern >> shift))
        }
    }
    return bytes
}
