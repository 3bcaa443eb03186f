import Glibc
import Testing

@testable import Daemon

/// The service manager's end of the readiness protocol, which nobody reads.
@Suite(.timeLimit(.minutes(1))) struct ServiceManagers {
    @Test func `a service manager that takes nothing keeps nobody waiting`() throws {
        let state = try TemporaryState()
        let status = try StatusSocket(path: "\(state.directory)/notify")
        let manager = ServiceManager(socketPath: status.path)
        for number in 1...1_000 { manager.notify(status: "\(number)") }
        withExtendedLifetime(status) {}
    }
}
