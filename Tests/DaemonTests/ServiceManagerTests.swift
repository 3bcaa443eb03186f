import Control
import Domain
import Glibc
import Testing

@testable import Daemon

/// The service manager's end of the readiness protocol.
@Suite(.timeLimit(.minutes(5))) struct ServiceManagers {
    @Test func `a service manager that takes nothing keeps nobody waiting`() throws {
        let state = try TemporaryState()
        let status = try StatusSocket(path: "\(state.directory)/notify")
        let manager = ServiceManager(socketPath: status.path)
        for number in 1...1_000 { manager.notify(status: "\(number)") }
        withExtendedLifetime(status) {}
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "3000000"], .seconds(3)),
            (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"], .seconds(3)),
            (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
        ] as [([String: String], Duration?)])
    func `the watchdog is ours where its variables say so`(environment: [String: String], expected: Duration?) {
        #expect(ServiceManager(environment: environment).watchdog == expected)
    }

    @Test func `a stop says how long it may take`() async throws {
        let state = try TemporaryState()
        let status = try StatusSocket(path: "\(state.directory)/notify")
        ServiceManager(socketPath: status.path).notifyStopping(withinSeconds: 70)
        #expect(await status.message("STOPPING=1") == "STOPPING=1\nEXTEND_TIMEOUT_USEC=70000000")
    }
}

/// Readiness, status and signs of life of a whole londid.
@Suite(.timeLimit(.minutes(5))) struct ServiceReports {
    @Test func `without a model more time is asked for, and the status says what is awaited`() async throws {
        let daemon = try await RunningDaemon { _ in }
        try await daemon.run { _, status in
            let text = await status.message("STATUS=")
            #expect(text.contains("quick") && text.contains("deepthink"), "\(text)")
            #expect(await status.message("EXTEND_TIMEOUT_USEC=60000000") != "")
        }
    }

    @Test func `with both models it is ready, and the workers' loop feeds the watchdog again and again`() async throws {
        var daemon = try await RunningDaemon { _ in }
        daemon.engines = [
            .quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink),
        ]
        daemon.watchdog = .milliseconds(300)
        try await daemon.run { _, status in
            #expect(await status.message("READY=1") == "READY=1")
            #expect(await status.message("WATCHDOG=1", times: 3) == "WATCHDOG=1")
            #expect(await status.message("STATUS=ready; no job runs") != "")
        }
    }
}

/// Socket activation: systemd's socket is descriptor 3, which a test process cannot give away; so what stands behind it.
@Suite(.timeLimit(.minutes(5))) struct `A socket of the service manager` {
    @Test func `is for the process that LISTEN_PID names`() throws {
        #expect(try SocketActivation.listener([:]) == nil)
        #expect(try SocketActivation.listener(["LISTEN_PID": "1", "LISTEN_FDS": "1"]) == nil)
        #expect(throws: ControlError.self) {
            try SocketActivation.listener(["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "2"])
        }
    }
}
