import Control
import Glibc

/// A connection to the daemon that a command's invocation names.
struct Session: Sendable {
    private let client: ControlClient

    /// - Throws: `.control(.unreachable)` with the path and the remedy.
    init(_ invocation: Invocation) throws(CommandError) {
        let path = Self.path(invocation)
        do throws(ControlError) { client = try ControlClient.connect(path: path) } catch { throw .control(error) }
    }

    /// `--socket`, else LONDI_SOCKET, else the system's socket, else the user's where the first does not exist.
    static func path(_ invocation: Invocation) -> String {
        let system = "/run/londi/io.londi"
        if let path = invocation.text("socket") ?? invocation.environment["LONDI_SOCKET"], !path.isEmpty { return path }
        guard let runtime = invocation.environment["XDG_RUNTIME_DIR"], !runtime.isEmpty, access(system, F_OK) != 0,
            access("\(runtime)/londi/io.londi", F_OK) == 0
        else { return system }
        return "\(runtime)/londi/io.londi"
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
        var replies: ReplyStream<Method>
        do throws(ControlError) { replies = try await client.stream(method, parameters) } catch {
            throw .control(error)
        }
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
    ) async throws(ControlError) -> ReplyStream<Method> {
        try await client.stream(method, parameters)
    }
}
