import Control

extension Command {
    static let reload = Command(
        words: ["reload"], summary: "Have londid read its configuration again; a file with mistakes changes nothing",
        examples: ["reload"]
    ) { invocation async throws(CommandError) in
        let reply = try await Session(invocation).call(Reload.self, .init())
        guard !invocation.isForMachines else {
            invocation.writeObject(reply)
            return .ok
        }
        let applied = reply.applied.joined(separator: ", ")
        invocation.console.write(applied.isEmpty ? "Nothing to put in force\n" : "In force now: \(applied)\n")
        if !reply.needRestart.isEmpty {
            invocation.console.write("A restart is needed for: \(reply.needRestart.joined(separator: ", "))\n")
        }
        return .ok
    }
}
