import Control
import Domain

extension Command {
    static let retry = Command(
        words: ["retry"], summary: "Try jobs again that failed or timed out",
        arguments: ["[JOB|BATCH]..."],
        options: [
            CommandOption(
                "failed", nil, "every job of the batch, of --queue or of all queues that failed or timed out"),
            CommandOption("cancelled", nil, "jobs that were cancelled too"),
            CommandOption("queue", short: "q", "QUEUE", "with --failed, only of this queue"),
            CommandOption("deadline", "TIME", "their new deadline, 2026-11-23T10:00:00Z"),
        ],
        examples: ["retry 42 43", "retry b7 --failed", "retry --failed --queue maths --cancelled"]
    ) { invocation async throws(CommandError) in
        let parameters = try selection(invocation)
        let reply = try await Session(invocation).call(Retry.self, parameters)
        let text = reply.count == 0 ? "No job is to be retried" : "\(Phrase.count(reply.count, "job")) queued again"
        invocation.write(reply, orText: text + "\n")
        return .ok
    }
}

/// Either jobs by their ids, or `--failed` with a batch, a queue or neither.
private func selection(_ invocation: Invocation) throws(CommandError) -> Retry.Parameters {
    var parameters = Retry.Parameters(
        queue: try invocation.queueOption(), cancelled: invocation.isSet("cancelled") ? true : nil,
        deadline: try invocation.instant("deadline"))
    var targets: [Target] = []
    for text in invocation.arguments { targets.append(try invocation.target(text)) }
    guard invocation.isSet("failed") else {
        guard !targets.isEmpty else {
            throw .usage("name the jobs to retry, or say --failed for all that failed or timed out")
        }
        if let batch = targets.compactMap(\.batch).first {
            throw .usage("to retry the jobs of batch \(batch) that failed or timed out, say --failed")
        }
        guard parameters.queue == nil else { throw .usage("--queue goes with --failed; jobs are named by their ids") }
        parameters.jobs = targets.compactMap(\.job)
        return parameters
    }
    guard targets.count <= 1, targets.first?.job == nil else {
        throw .usage("--failed goes with one batch, with --queue, or alone; jobs are named by their ids without it")
    }
    parameters.batch = targets.first?.batch
    guard parameters.batch == nil || parameters.queue == nil else {
        throw .usage("a batch has one queue: give either the batch or --queue")
    }
    return parameters
}
