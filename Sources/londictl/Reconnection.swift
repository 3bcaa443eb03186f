import Control

/// How a command that follows long work outlives a restart of londid, which goes on with every job: it comes back to
/// the same socket once a second.
struct Reconnection {
    /// How often the daemon may be away before the command gives up.
    private static let limit = 60

    private let console: Console
    private let path: String
    private var hasConnected = false
    private var failures = 0

    init(_ invocation: Invocation) throws(CommandError) {
        console = invocation.console
        path = try Session.path(invocation)
    }

    /// A new connection.
    mutating func session() throws(CommandError) -> Session {
        let session = try Session(path: path)
        hasConnected = true
        return session
    }

    /// The daemon answers: what went wrong before is over.
    mutating func noteReply() { failures = 0 }

    /// Rests for a second where the daemon is away and may come back.
    /// - Throws: `error` where it says something else, nobody was there in the first place, or it takes too long.
    mutating func pause(after error: CommandError) async throws(CommandError) {
        guard hasConnected, error.exitCode == .unreachable, failures < Self.limit else { throw error }
        if failures == 0 {
            console.complain((console.drawsProgress ? "\n" : "") + "the daemon is away; waiting for it to come back\n")
        }
        failures += 1
        await Pause.second.wait()
    }
}
