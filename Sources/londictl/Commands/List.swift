import Control
import Domain

extension Command {
    static let list = Command(
        words: ["list"], summary: "List jobs, newest first",
        options: [
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("batch", short: "b", "BATCH", "only of this batch"),
            CommandOption(
                "state", short: "s", "STATES", "only in these states, comma-separated",
                choices: JobState.words),
            CommandOption("user", "NAME", "only of this user"),
            CommandOption("limit", "N", "at most so many"),
        ],
        examples: [
            "list --state pending,running", "list --batch b7 -o job,id,reward -n",
            "list --parsable -n -o job,state,submitted",
        ], output: .table
    ) { invocation async throws(CommandError) in
        var batch: BatchID?
        if let text = invocation.text("batch") { batch = try invocation.batch(text) }
        let parameters = ListJobs.Parameters(
            queue: try invocation.queueOption(), batch: batch, states: try invocation.words("state", JobState.self),
            user: invocation.text("user"), limit: try invocation.limit())
        var listing = try Listing(JobColumns.all(now: invocation.console.now()), invocation)
        let asObject = invocation.isSet("json")
        var all: [JobView] = []
        try await Session(invocation).stream(ListJobs.self, parameters) { reply throws(CommandError) in
            asObject ? all.append(contentsOf: reply.jobs) : listing.print(reply.jobs)
        }
        if asObject { invocation.writeObject(ListJobs.Reply(jobs: all)) }
        return .ok
    }
}
