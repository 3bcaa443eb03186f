import Control
import Domain

/// The jobs that took most of DEEPTHINK's GPU time, each with its steps.
enum DearestJobs {
    static let note = "By DEEPTHINK's GPU time. Their steps hold what the models wrote: mind who gets this page."
    /// Of what a step wrote.
    private static let excerptLimit = 600

    static func text(_ jobs: [ExplainJob.Reply]) -> String {
        guard !jobs.isEmpty else { return "<p>No job called DEEPTHINK in these days.</p>\n" }
        let rows = jobs.map { reply in
            let (job, spend) = (reply.job, reply.job.deepthinkSpend)
            return [
                "\(job.job)", job.queue.text, job.state.rawValue, "\(job.steps)", "\(spend.calls)", "\(spend.tokens)",
                Phrase.seconds(spend.gpuMilliseconds), Phrase.reward(job.reward),
            ]
        }
        let header = ["job", "queue", "state", "steps", "DEEPTHINK calls", "tokens", "GPU s", "reward"]
        return HTML.table("Dearest first", header, rows, numbers: [0, 3, 4, 5, 6, 7])
            + jobs.map { HTML.details("The steps of job \($0.job.job)", steps($0)) }.joined()
    }

    private static func steps(_ reply: ExplainJob.Reply) -> String {
        let question = reply.specification.messages.last?.content ?? reply.opening?.goal ?? ""
        return "<pre>\(HTML.text(excerpt(question)))</pre>\n" + reply.steps.map(step).joined()
    }

    private static func step(_ step: StepView) -> String {
        let decision = step.decision
        var words = ["p \(Phrase.number(decision.propensity))"]
        if let values = decision.values {
            words.append("values \(Phrase.number(values.quick)) and \(Phrase.number(values.deepthink))")
        }
        if let price = decision.price { words.append("price \(Phrase.number(price))") }
        if let mask = decision.maskReason { words.append("masked: \(Phrase.reason(mask))") }
        if decision.isExploration { words.append("exploration") }
        if let generated = step.generated {
            words.append(Phrase.count(generated.generatedTokens, "token"))
            words.append("\(Phrase.seconds(generated.gpuMilliseconds)) GPU s")
        }
        let heading = "<h3>Step \(step.index), \(Phrase.role(step.role))</h3>\n"
        let text = step.generated.map { "<pre>\(HTML.text(excerpt($0.text)))</pre>\n" } ?? ""
        return heading + "<p class=\"note\">\(HTML.text(words.joined(separator: "; ")))</p>\n" + text
    }

    private static func excerpt(_ text: String) -> String {
        let excerpt = text.firstScalars(excerptLimit)
        return excerpt.endIndex < text.endIndex ? excerpt + "…" : text
    }
}
