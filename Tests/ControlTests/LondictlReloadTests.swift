import Control
import Synchronization
import Testing

@testable import londictl

/// What an administrator and systemd's ExecReload= learn from `londictl reload`.
@Suite(.timeLimit(.minutes(5))) struct LondictlReloads {
    @Test func `a reload says what is in force and what needs a restart`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock {
            $0.reloaded = .init(applied: ["LogLevel"], needRestart: ["[Quick] Model", "[Encoder]"])
        }
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["reload"], path: path)
            #expect(printed.exit == .ok)
            #expect(
                printed.output == "In force now: LogLevel\nA restart is needed for: [Quick] Model, [Encoder]\n")
            daemon.state.withLock { $0.reloaded = .init(applied: [], needRestart: []) }
            #expect(await Printed.by(["reload"], path: path).output == "Nothing to put in force\n")
        }
    }

    @Test func `mistakes in the file end it with an error and each of their lines`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["reload"], path: path)
            #expect(printed.exit == .error)
            #expect(printed.messages.hasSuffix("everything stays as it was:\n/c:3: a\n/c:4: b\n"))
        }
    }
}
