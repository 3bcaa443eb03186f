import Control
import Domain

extension Command {
    static let batchList = Command(
        words: ["batch", "list"], summary: "List batches, newest first",
        options: [
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("limit", "N", "at most so many"),
        ], examples: ["batch list --queue maths"], output: .table
    ) { invocation async throws(CommandError) in
        let now = invocation.console.now()
        var listing = try Listing<BatchView>(
            [
                Column("batch") { $0.batch.description },
                Column("queue") { $0.queue.text },
                Column("state") { $0.state.rawValue },
                Column("jobs", isRight: true) { "\($0.jobs.total)" },
                Column("ended", isRight: true) { "\($0.jobs.ended)" },
                Column("unanswered", isRight: true, style: { $0.jobs.unanswered > 0 ? .bad : nil }) {
                    "\($0.jobs.unanswered)"
                },
                Column("reward", isRight: true) { Phrase.reward($0.meanReward) },
                Column("age") { Phrase.relative($0.createdAt, now: now) },
                Column("user", isMinor: true) { $0.user },
                Column("file") { $0.fileName ?? "" },
            ], invocation)
        let parameters = ListBatches.Parameters(
            queue: try invocation.queueOption(), limit: try invocation.limit())
        let reply = try await Session(invocation).call(ListBatches.self, parameters)
        listing.print(reply.batches, of: reply)
        return .ok
    }
}
