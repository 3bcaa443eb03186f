import Control

extension Command {
    static let metrics = Command(
        words: ["metrics"],
        summary:
            "Print Prometheus metrics; MetricsFile= in londid.conf has londid write them for the textfile collector",
        examples: ["metrics"], output: .text
    ) { invocation async throws(CommandError) in
        invocation.console.write(try await Session(invocation).call(ReadMetrics.self, .init()).text)
        return .ok
    }
}
