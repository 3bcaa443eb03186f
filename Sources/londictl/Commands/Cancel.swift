import Control

extension Command {
    static let cancel = Command(
        words: ["cancel"], summary: "Cancel a job, or every job of a batch that has not ended",
        arguments: ["JOB|BATCH"], examples: ["cancel 42", "cancel b7"]
    ) { invocation async throws(CommandError) in
        let target = try invocation.target(invocation.arguments[0])
        let reply = try await Session(invocation).call(Cancel.self, .init(job: target.job, batch: target.batch))
        let isForMachines = invocation.isSet("json") || invocation.isSet("jsonl")
        let jobs = reply.count == 1 ? "1 job" : "\(reply.count) jobs"
        invocation.console.write(isForMachines ? JSONText.text(of: reply) + "\n" : "\(jobs) cancelled\n")
        return .ok
    }
}
