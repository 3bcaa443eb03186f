import Control
import Glibc

/// A connection to the daemon that a command's invocation names.
struct Session: Sendable {
    private let client: ControlClient

    /// - Throws: `.control(.unreachable)` with the paths that were tried and the remedy.
    init(_ invocation: Invocation) throws(CommandError) {
        try self.init(path: Self.path(invocation))
    }

    init(path: String) throws(CommandError) {
        do throws(ControlError) { client = try ControlClient.connect(path: path) } catch { throw .control(error) }
    }

    /// `--socket`, else LONDI_SOCKET, else the first of the system's socket and the user's that the user may connect to, or
    /// that exists.
    static func path(_ invocation: Invocation) throws(CommandError) -> String {
        if let path = invocation.text("socket") ?? invocation.environment["LONDI_SOCKET"], !path.isEmpty { return path }
        let candidates = candidates(invocation.environment)
        let path =
            candidates.first { access($0, W_OK) == 0 } ?? candidates.first { access($0, F_OK) == 0 }
        guard let path else {
            throw .control(.unreachable(path: candidates.joined(separator: ", "), reason: "no such socket"))
        }
        return path
    }

    /// Of the system's londid.
    static let systemPath = "/run/londi/io.londi"

    /// The sockets of the system's londid and of the user's own.
    static func candidates(_ environment: [String: String]) -> [String] {
        [systemPath] + UserDirectories(environment).runtimeDirectories.map { "\($0)/io.londi" }
    }

    func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws(CommandError) -> Method.Reply {
        do throws(ControlError) { return try await client.call(method, parameters) } catch { throw .control(error) }
    }

    func daemonVersion() async throws(CommandError) -> String {
        do throws(ControlError) { return try await client.daemonVersion() } catch { throw .control(error) }
    }

    /// Hands every reply of a streaming call to `body`.
    func stream<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters,
        _ body: (Method.Reply) throws(CommandError) -> Void
    ) async throws(CommandError) {
        var replies = try await replies(method, parameters)
        while true {
            let reply: Method.Reply?
            do throws(ControlError) { reply = try await replies.next() } catch { throw .control(error) }
            guard let reply else { return }
            try body(reply)
        }
    }

    /// The replies of a streaming call, for a caller that waits for them with a limit.
    func replies<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws(CommandError) -> ReplyStream<Method> {
        do throws(ControlError) { return try await client.stream(method, parameters) } catch { throw .control(error) }
    }
}
