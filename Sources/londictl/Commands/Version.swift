import Control

extension Command {
    static let version = Command(
        words: ["version"], summary: "Print the versions of londictl and of the daemon",
        examples: ["version", "version --json"]
    ) { invocation async throws(CommandError) in
        var versions = Versions(londictl: CommandLineTool.version)
        do throws(CommandError) { versions.londid = try await Session(invocation).daemonVersion() } catch
            where error.exitCode == .unreachable || error.exitCode == .notPermitted
        {
            // londictl's own version is known all the same.
            invocation.console.complain("\(error.message)\n")
        }
        let text = "londictl \(versions.londictl)" + (versions.londid.map { "\nlondid \($0)" } ?? "")
        invocation.write(versions, orText: text + "\n")
        return .ok
    }
}

private struct Versions: Encodable {
    var londictl: String
    /// nil where the daemon cannot be asked.
    var londid: String?
}
