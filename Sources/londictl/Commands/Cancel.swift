import Control
import Domain

extension Command {
    static let cancel = Command(
        words: ["cancel"], summary: "Cancel a job, or the jobs of a batch that have not ended",
        arguments: ["JOB|BATCH"],
        options: [
            CommandOption(
                "state", short: "s", "STATES", "of a batch only pending, held or running jobs",
                choices: ["pending", "held", "running"]),
            CommandOption("custom-id", "GLOB", "of a batch only jobs whose custom_id matches, 'p1*'"),
        ],
        examples: ["cancel 42", "cancel b7", "cancel b7 --state pending,held --custom-id 'chapter-2-*'"]
    ) { invocation async throws(CommandError) in
        let target = try invocation.target(invocation.arguments[0])
        let states = try invocation.words("state", JobState.self)
        let pattern = invocation.text("custom-id")
        if target.job != nil, states != nil || pattern != nil {
            throw .usage("--state and --custom-id choose among the jobs of a batch; \(target) is one job")
        }
        let reply = try await Session(invocation).call(
            Cancel.self, .init(job: target.job, batch: target.batch, states: states, customID: pattern))
        let text =
            switch (reply.count, target) {
            case (0, .job(let job)): "Job \(job) had ended already; nothing was cancelled"
            case (0, .batch(let batch)) where states != nil || pattern != nil:
                "No job of batch \(batch) that has not ended is such a one; nothing was cancelled"
            case (0, .batch(let batch)): "Every job of batch \(batch) had ended already; nothing was cancelled"
            case (let count, _): "\(Phrase.count(count, "job")) cancelled"
            }
        invocation.write(reply, orText: text + "\n")
        return .ok
    }
}
