import Control
import Domain

/// A job, its steps or a batch in full, for people.
enum JobText {
    static func head(_ job: JobView, now: Timestamp, _ paint: Paint) -> String {
        let state = paint(job.state.rawValue, job.state.style) + (job.pendingReason.map { " (\($0.rawValue))" } ?? "")
        var lines = ["Job \(job.job)  \(state)  in \(job.queue), by \(Plain.text(job.user, keepsLines: false))"]
        let names = [
            job.batch.map { "batch \($0)" }, job.customID.map { "custom_id \(Plain.text($0, keepsLines: false))" },
        ]
        let known = names.compactMap(\.self)
        if !known.isEmpty { lines.append("  " + known.joined(separator: ", ")) }
        let times: [(String, Timestamp?)] = [
            ("submitted", job.submittedAt), ("not before", job.notBefore), ("deadline", job.deadline),
            ("started", job.startedAt), ("ended", job.endedAt),
        ]
        lines.append(
            "  "
                + times.filter { $0.1 != nil }.map { "\($0.0) \(Phrase.relative($0.1, now: now))" }.joined(
                    separator: ", "))
        lines.append("  steps: \(job.steps), \(job.deepthinkSteps) of them by DEEPTHINK; attempt \(job.attempt)")
        lines.append("  QUICK: \(spend(job.quickSpend))")
        lines.append("  DEEPTHINK: \(spend(job.deepthinkSpend))")
        if let limit = job.timeLimitMilliseconds { lines.append("  time limit: \(Phrase.seconds(limit)) s an attempt") }
        if let calls = job.deepthinkCalls { lines.append("  at most \(Phrase.count(Int64(calls), "DEEPTHINK call"))") }
        if let jobs = job.waitsFor, !jobs.isEmpty { lines.append("  waits for: \(waiting(for: jobs))") }
        if let end = job.end { lines.append("  end: \(end.rawValue), \(reward(job))") }
        if let fault = job.fault {
            let code = job.faultCode.map { " (\(Plain.text($0, keepsLines: false)))" } ?? ""
            lines.append("  fault\(code): \(Plain.text(fault, keepsLines: false))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func conversation(_ specification: JobSpecification, outcome: Outcome?) -> String {
        var text = specification.messages.map { "\($0.role):\n\(Phrase.indented($0.content))" }.joined()
        if let environment = specification.environment { text += "environment: \(JSONText.text(of: environment))\n" }
        if let verifier = specification.verifier { text += "verifier: \(JSONText.text(of: verifier))\n" }
        if let outcome { text += "answer:\n\(Phrase.indented(outcome.answer))" }
        return text
    }

    /// Number, model, values, propensity and why, tokens, GPU seconds, stop reason, reward; then what was written.
    /// - Parameter showsText: not where the text was shown before.
    static func step(_ step: StepView, _ paint: Paint, showsText: Bool = true) -> String {
        var first = "Step \(step.index)  \(paint(Phrase.role(step.role), step.role.style))"
        switch step.draft {
        case .replaced: first += "  draft, replaced by DEEPTHINK"
        case .dropped: first += "  draft, dropped before a choice"
        case .kept, nil: first += choice(step)
        }
        if step.attempt > 1 { first += "  attempt \(step.attempt)" }
        if step.state != .written { first += "  (\(step.state.rawValue))" }
        guard let generated = step.generated else {
            return first + "\n" + (step.reserved.map { "    reserved \(spend($0))\n" } ?? "")
        }
        let second =
            "    tokens \(generated.promptTokens)+\(generated.cachedTokens) prompt+cached, "
            + "\(generated.generatedTokens) generated; \(Phrase.seconds(generated.gpuMilliseconds)) GPU s; "
            + "\(generated.stopReason.rawValue); reward \(Phrase.reward(step.reward)); day \(step.day)"
        let seen = step.observation.map { Phrase.indented($0.text, by: "    > ") + "\n" } ?? ""
        let text = showsText ? Phrase.indented(generated.text, by: "    | ") : ""
        return "\(first)\n\(second)\n\(text)\(seen)"
    }

    /// How an environment began; nothing for a reasoning job.
    static func opening(_ opening: Opening?) -> String {
        guard let opening else { return "" }
        return "goal: \(Plain.text(opening.goal, keepsLines: false))\n"
            + Phrase.indented(opening.observation, by: "    > ") + "\n"
    }

    /// How the Switcher came to it.
    private static func choice(_ step: StepView) -> String {
        let decision = step.decision
        var text = "  p=\(Phrase.number(decision.propensity))"
        if step.draft == .kept { text += "  draft, kept" }
        if step.confirmsDraft == true { text += "  the same as the draft" }
        if decision.isExploration { text += "  exploration" }
        if let mask = decision.maskReason { text += "  masked: \(Phrase.reason(mask))" }
        if let values = decision.values {
            text += "  values QUICK \(Phrase.number(values.quick)), DEEPTHINK \(Phrase.number(values.deepthink))"
        }
        if let price = decision.price { text += "  price \(Phrase.number(price))" }
        return text + "  policy \(decision.policyVersion)"
    }

    static func batch(_ batch: BatchView, now: Timestamp) -> String {
        let name = batch.fileName.map { ", \(Plain.text($0, keepsLines: false))" } ?? ""
        return """
            Batch \(batch.batch)  \(batch.state.rawValue)  in \(batch.queue), by \
            \(Plain.text(batch.user, keepsLines: false))\(name)
              jobs: \(Phrase.counts(batch.jobs))
              created \(Phrase.relative(batch.createdAt, now: now)), ended \(Phrase.relative(batch.endedAt, now: now))
              QUICK: \(spend(batch.quickSpend))
              DEEPTHINK: \(spend(batch.deepthinkSpend))
              mean reward: \(Phrase.reward(batch.meanReward))

            """
    }

    private static func spend(_ spend: Spend) -> String {
        "\(Phrase.count(spend.calls, "call")), \(Phrase.count(spend.tokens, "token")), "
            + "\(Phrase.seconds(spend.gpuMilliseconds)) GPU s"
    }

    /// `jobs 3, 4 and 7 more`: the first ten by name.
    private static func waiting(for jobs: [JobID]) -> String {
        let named = jobs.prefix(10).map(\.description).joined(separator: ", ")
        return (jobs.count == 1 ? "job " : "jobs ") + named + (jobs.count > 10 ? " and \(jobs.count - 10) more" : "")
    }

    private static func reward(_ job: JobView) -> String {
        guard let reward = job.reward else { return "no reward" }
        return "reward \(Phrase.number(reward))" + (job.rewardSource.map { " by \($0.rawValue)" } ?? "")
    }
}
