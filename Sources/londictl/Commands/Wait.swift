import Control

extension Command {
    static let wait = Command(
        words: ["wait"],
        summary: "Wait until a batch or a job has ended; exit 1 if a job has no answer, 5 for want of budget",
        arguments: ["BATCH|JOB"],
        options: [CommandOption("timeout", "TIME", "give up after 90, 90s, 10m or 2h; exit 1")],
        examples: ["wait b7", "wait 42 --timeout 10m"]
    ) { invocation async throws(CommandError) in
        let target = try invocation.target(invocation.arguments[0])
        var wait = JobWait(invocation: invocation, target: WaitTarget(target))
        if let text = invocation.text("timeout") {
            wait.timeoutMilliseconds = try invocation.parse { () throws(ControlError) in
                try Amount.milliseconds(text, argument: "--timeout")
            }
        }
        guard let reply = try await wait.run() else {
            invocation.console.complain("timed out; the jobs go on: `londictl wait \(target)` comes back to them\n")
            return .jobFailed
        }
        let exit = JobWait.exitCode(of: reply)
        if exit != .ok, let job = target.job {
            let shown = try await Session(invocation).call(ShowJob.self, .init(job: job))
            if let fault = shown.job.fault { invocation.console.complain("job \(job): \(fault)\n") }
        }
        return exit
    }
}
