import Control
import Domain

extension Command {
    static let quickstart = Command(
        words: ["quickstart"], summary: "Set up two models on this machine and run a first job",
        options: [
            CommandOption("quick", "FILE", "the small model, a GGUF file; asked for on a terminal"),
            CommandOption("deepthink", "FILE", "the large model, a GGUF file; asked for on a terminal"),
            CommandOption("llama-server", "FILE", "llama-server, where it is not on PATH"),
            CommandOption("queue", short: "q", "QUEUE", "the first queue's name, else first"),
            CommandOption("user", nil, "as root: a londid of root's own, although the service is installed"),
            CommandOption("force", nil, "replace a configuration that is there"),
            CommandOption("yes", nil, "ask nothing"),
        ],
        examples: ["quickstart", "quickstart --quick small.gguf --deepthink large.gguf --yes"], output: .text
    ) { invocation async throws(CommandError) in
        let start = try FirstSteps(invocation)
        let socket = try await start.runningDaemon()
        try await start.waitForModels(socket)
        return try await start.firstJob(socket)
    }
}
