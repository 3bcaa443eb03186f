import Control
import Domain

extension Command {
    static let explain = Command(
        words: ["explain"], summary: "Show each step of a job: which model wrote it, why, and what it took",
        arguments: ["JOB"], examples: ["explain 42", "explain 42 --jsonl"]
    ) { invocation async throws(CommandError) in
        let job = try invocation.job(invocation.arguments[0])
        let reply = try await Session(invocation).call(ExplainJob.self, .init(job: job))
        let console = invocation.console
        if invocation.isSet("json") {
            invocation.writeObject(reply)
        } else if invocation.isSet("jsonl") {
            invocation.writeRows(reply.steps)
        } else {
            console.write(
                JobText.head(reply.job, now: console.now(), console.paint)
                    + JobText.conversation(reply.specification, outcome: nil)
                    + JobText.opening(reply.opening) + reply.steps.map { JobText.step($0, console.paint) }.joined())
            if let outcome = reply.outcome {
                let success = outcome.success.map { $0 ? ", success" : ", no success" } ?? ""
                console.write("\(outcome.end.rawValue), reward \(Phrase.reward(outcome.reward))\(success)\n")
            }
        }
        return .ok
    }
}
