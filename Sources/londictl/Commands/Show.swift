import Control
import Domain

extension Command {
    static let show = Command(
        words: ["show"], summary: "Show a job with its answer, or a batch", arguments: ["JOB|BATCH"],
        examples: ["show 42", "show b7 --json"]
    ) { invocation async throws(CommandError) in
        let session = try Session(invocation)
        let console = invocation.console
        switch try invocation.target(invocation.arguments[0]) {
        case .job(let job):
            let reply = try await session.call(ShowJob.self, .init(job: job))
            invocation.write(
                reply,
                orText: JobText.head(reply.job, now: console.now(), console.paint)
                    + JobText.conversation(reply.specification, outcome: reply.outcome))
        case .batch(let batch):
            let reply = try await session.call(ShowBatch.self, .init(batch: batch))
            invocation.write(reply, orText: JobText.batch(reply.batch, now: console.now()))
        }
        return .ok
    }
}
