import Control

extension Command {
    static let status = Command(
        words: ["status"], summary: "Show the daemon, its models and devices, and how many jobs there are",
        examples: ["status", "status --json"]
    ) { invocation async throws(CommandError) in
        let reply = try await Session(invocation).call(Status.self, .init())
        invocation.console.write(invocation.isForMachines ? JSONText.text(of: reply) + "\n" : text(of: reply))
        return .ok
    }
}

private func text(of status: Status.Reply) -> String {
    var text = """
        londid \(status.version)\(status.isUserMode ? " (user mode)" : ""), started \
        \(Phrase.relative(status.startedAt, now: status.now)), epoch \(status.epoch)
          state: \(status.stateDirectory)
          queues: \(status.queueCount); jobs: \(Phrase.counts(status.jobs))

        """
    for engine in status.engines {
        text += """
            \(Phrase.role(engine.role)): \(engine.state.rawValue), \(engine.model)
              device \(engine.device ?? "unknown"); \(engine.busySlots) of \
            \(Phrase.count(engine.slots, "slot")) busy; context \(engine.contextTokens) tokens; \
            \(Phrase.count(engine.restarts, "restart"))\(engine.isExternal ? "; external server" : "")

            """
        if let fault = engine.fault { text += "  fault: \(Plain.text(fault, keepsLines: false))\n" }
    }
    return text
}
