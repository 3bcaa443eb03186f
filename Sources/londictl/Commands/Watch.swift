import Control
import Domain

extension Command {
    static let watch = Command(
        words: ["watch"],
        summary:
            "Show a job's steps as they are written, until it ends; exit 1 if it has no answer, 5 for want of budget",
        arguments: ["JOB"],
        options: [
            CommandOption(
                "partial", nil,
                "show text before its step is recorded, as on a terminal; with --jsonl as rows of their own")
        ],
        examples: ["watch 42", "watch 42 --jsonl", "watch 42 --partial"], output: .lines
    ) { invocation async throws(CommandError) in
        let job = try invocation.job(invocation.arguments[0])
        InterruptNotice.set("\ninterrupted; the job goes on: `londictl watch \(job)` comes back to it\n")
        var transcript = Transcript(invocation)
        var daemon = try Reconnection(invocation)
        while true {
            do throws(CommandError) {
                let session = try daemon.session()
                var exit: ExitCode?
                try await session.stream(WatchJob.self, .init(job: job)) { reply throws(CommandError) in
                    daemon.noteReply()
                    exit = transcript.show(reply)
                }
                if let exit { return exit }
                throw .control(.disconnected)
            } catch { try await daemon.pause(after: error) }
        }
    }
}
