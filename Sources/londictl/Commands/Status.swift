import Control

extension Command {
    static let status = Command(
        words: ["status"], summary: "Show the daemon, its models and devices, and how many jobs there are",
        examples: ["status", "status --json"]
    ) { invocation async throws(CommandError) in
        let reply = try await Session(invocation).call(Status.self, .init())
        invocation.write(reply, orText: text(of: reply, invocation.console.paint))
        return .ok
    }
}

private func text(of status: Status.Reply, _ paint: Paint) -> String {
    var text = """
        londid \(status.version)\(status.isUserMode ? " (user mode)" : ""), started \
        \(Phrase.relative(status.startedAt, now: status.now)), epoch \(status.epoch)
          state: \(status.stateDirectory)
          queues: \(status.queueCount); jobs: \(Phrase.counts(status.jobs))

        """
    for engine in status.engines {
        text += """
            \(Phrase.role(engine.role)): \(paint(engine.state.rawValue, engine.state.style)), \(engine.model)
              device \(engine.device ?? "unknown"); \(engine.busySlots) of \
            \(Phrase.count(engine.slots, "slot")) busy; context \(engine.contextTokens) tokens; \
            \(Phrase.count(engine.restarts, "restart"))\(engine.isExternal ? "; external server" : "")

            """
        if let fault = engine.fault { text += paint("  fault: \(Plain.text(fault, keepsLines: false))", .bad) + "\n" }
    }
    return text
}
