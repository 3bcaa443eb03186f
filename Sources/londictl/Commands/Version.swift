extension Command {
    static let version = Command(
        words: ["version"], summary: "Print the versions of londictl and of the daemon",
        examples: ["version"]
    ) { invocation async throws(CommandError) in
        invocation.console.write("londictl \(CommandLineTool.version)\n")
        do throws(CommandError) {
            invocation.console.write(try await Session(invocation).daemonVersion() + "\n")
        } catch  where error.exitCode == .unreachable || error.exitCode == .notPermitted {
            // londictl's own version is known all the same.
            invocation.console.complain("\(error.message)\n")
        }
        return .ok
    }
}
