import Control

extension Command {
    static let cancel = Command(
        words: ["cancel"], summary: "Cancel a job, or every job of a batch that has not ended",
        arguments: ["JOB|BATCH"], examples: ["cancel 42", "cancel b7"]
    ) { invocation async throws(CommandError) in
        let target = try invocation.target(invocation.arguments[0])
        let reply = try await Session(invocation).call(Cancel.self, .init(job: target.job, batch: target.batch))
        let text =
            switch (reply.count, target) {
            case (0, .job(let job)): "Job \(job) had ended already; nothing was cancelled"
            case (0, .batch(let batch)): "Every job of batch \(batch) had ended already; nothing was cancelled"
            case (let count, _): "\(Phrase.count(count, "job")) cancelled"
            }
        invocation.console.write((invocation.isForMachines ? JSONText.text(of: reply) : text) + "\n")
        return .ok
    }
}
