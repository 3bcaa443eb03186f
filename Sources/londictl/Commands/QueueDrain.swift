import Control

extension Command {
    static let queueDrain = Command(
        words: ["queue", "drain"], summary: "Take no new jobs into a queue; those it has run to their end",
        arguments: ["QUEUE"],
        options: [
            CommandOption("wait", nil, "wait until none is left"),
            CommandOption("timeout", "TIME", "with --wait: give up after 90, 90s, 10m or 2h; exit 1"),
        ], examples: ["queue drain maths", "queue drain maths --wait --timeout 10m"]
    ) { invocation async throws(CommandError) in
        let isWaiting = invocation.isSet("wait")
        var timeout: Int64?
        if let text = invocation.text("timeout") {
            guard isWaiting else { throw .usage("--timeout is for --wait, which is not there") }
            timeout = try invocation.parse { () throws(ControlError) in
                try Amount.milliseconds(text, argument: "--timeout")
            }
        }
        // A paused queue would never come to its end.
        let changes = QueueChanges(isPaused: false, isDraining: true)
        if !(isWaiting && invocation.isForMachines) {
            try await changeQueue(changes, "draining", invocation)
        } else {
            let name = try invocation.queue(invocation.arguments[0])
            _ = try await Session(invocation).call(SetQueue.self, .init(name: name, changes: changes))
        }
        guard isWaiting else { return .ok }
        let target = WaitTarget.queue(try invocation.queue(invocation.arguments[0]))
        var wait = JobWait(invocation: invocation, target: target)
        wait.timeoutMilliseconds = timeout
        guard try await wait.run() != nil else {
            invocation.console.complain(
                "timed out; the queue goes on draining: `\(target.comingBack)` comes back to it\n")
            return .jobFailed
        }
        return .ok
    }
}
