import Control

extension Command {
    static let feedback = Command(
        words: ["feedback"], summary: "Say what a job's answer was worth", arguments: ["JOB"],
        options: [CommandOption("reward", "NUMBER", "usually 0 (wrong) to 1 (right), in its queue's range (needed)")],
        examples: ["feedback 42 --reward 0.5"]
    ) { invocation async throws(CommandError) in
        let job = try invocation.job(invocation.arguments[0])
        _ = try invocation.required("reward")
        guard let reward = try invocation.number("reward") else { return .usage }
        let parameters = Feedback.Parameters(job: job, reward: reward)
        try invocation.parse { () throws(ControlError) in try parameters.validate() }
        _ = try await Session(invocation).call(Feedback.self, parameters)
        if invocation.isForMachines {
            invocation.console.write("{}\n")
        } else {
            invocation.console.write("Job \(job): reward \(Phrase.number(reward)) recorded\n")
        }
        return .ok
    }
}
