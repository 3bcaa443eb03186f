import Control
import Dispatch
import Domain
import Generation
import Glibc
import Storage
import Synchronization
import Testing

@testable import Daemon

/// A whole londid in this process, on a state that a test has prepared.
struct RunningDaemon {
    private let state: TemporaryState
    /// nil: models that never answer.
    var engines: [EngineRole: any Engine]?
    /// How long londid's service manager waits for a sign of life; nil: for ever.
    var watchdog: Duration?
    /// The encoder is a model; else words are hashed.
    var hasEncoder = false
    /// Who calls, in place of whoever runs the test.
    var caller: OtherCaller?
    /// With which it must end.
    var exitStatus: Int32 = 0
    /// The directory of its state.
    var statePath: String { "\(state.directory)/state" }
    /// How many jobs run at once.
    var slots = 8

    /// - Parameter prepare: writes what the daemon will find.
    init(_ prepare: (Store) async throws -> Void) async throws {
        state = try TemporaryState()
        try await prepare(try Store(directory: state.directory + "/state", now: Timestamp(milliseconds: 0)))
    }

    /// Its state while it does not run, once whoever had it before has let go of it: its lock goes with the last
    /// reference to its store.
    func store() async throws -> Store {
        while true {
            do throws(StorageError) {
                return try Store(directory: state.directory + "/state", now: Timestamp(milliseconds: 0))
            } catch {
                guard case .inUse = error else { throw error }
            }
            await Task.yield()
        }
    }

    /// Runs the daemon for the time of `body`, which gets the path of its socket.
    func run(_ body: (String) async throws -> Void) async throws { try await run { path, _ in try await body(path) } }

    /// The same, with what londid tells its service manager.
    func run(_ body: (String, StatusSocket) async throws -> Void) async throws {
        _ = try await store()
        // A name of its own for each run: what an earlier one still had to tell must not reach this one.
        let status = try StatusSocket(path: "\(state.directory)/notify-\(UInt32.random(in: 0 ... .max))")
        var engine = Configuration.Engine(url: "unix:\(state.directory)/no-model.sock")
        engine.slots = slots
        let configuration = Configuration(
            stateDirectory: "\(state.directory)/state", runtimeDirectory: "\(state.directory)/run", memberGroup: "",
            adminGroup: "", logLevel: .error, drainSeconds: 0, stepSeconds: 1, quick: engine, deepthink: engine,
            encoder: hasEncoder ? engine : nil, verifiers: [])
        let daemon = LondiDaemon(
            configuration: LiveConfiguration(configuration) { () throws(ConfigurationError) in configuration },
            isUserMode: true, environment: [:],
            serviceManager: ServiceManager(socketPath: status.path, watchdog: watchdog),
            inheritedListener: nil, log: Log(threshold: .error), engines: engines,
            guarding: { [caller] handler in caller.map { OtherCallers(handler: handler, caller: $0) } ?? handler })
        async let exit = Self.exitStatus(of: daemon, telling: status)
        // The daemon reports its state only once its socket listens. If it ended instead, `body` finds no socket.
        await status.message("STATUS=")
        do { try await body(configuration.controlSocketPath, status) } catch {
            daemon.stop()
            _ = await exit
            throw error
        }
        daemon.stop()
        #expect(await exit == exitStatus)
    }

    private static func exitStatus(of daemon: LondiDaemon, telling status: StatusSocket) async -> Int32 {
        let exit = await daemon.run()
        ServiceManager(socketPath: status.path).notifyStopping(withinSeconds: 0)
        return exit
    }
}

/// Somebody who calls, and may be somebody else later.
final class OtherCaller: Sendable {
    private let user = Mutex<(user: User, authority: Authority)>((User(uid: 0, name: "root"), .admin))

    func become(_ user: User, _ authority: Authority) { self.user.withLock { $0 = (user, authority) } }

    var peer: Peer {
        let (user, authority) = user.withLock { $0 }
        return Peer(
            uid: user.uid, gid: user.uid, pid: 1, groups: [], userName: user.name, authority: authority)
    }
}

/// Has every call come from somebody else.
private struct OtherCallers: ControlHandler {
    let handler: any ControlHandler
    let caller: OtherCaller

    func handle(_ call: Call, reply: Reply) async throws(ControlError) {
        let other = Call(
            method: call.method, parameters: call.parameters, wantsMore: call.wantsMore, isOneWay: call.isOneWay,
            peer: caller.peer, connection: call.connection)
        try await handler.handle(other, reply: reply)
    }

    func connectionClosed(_ connection: ConnectionID) async { await handler.connectionClosed(connection) }
}

/// The service manager's end of the readiness protocol.
final class StatusSocket: Sendable {
    let path: String
    private let descriptor: Int32
    private let messages = Mutex<[String]>([])

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0, "\(path): \(String(cString: strerror(errno)))")
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Until `count` that begin so have come, or the last that londid sends; returns the newest of them, or nothing.
    @discardableResult func message(_ beginning: String, times count: Int = 1) async -> String {
        while true {
            let found = messages.withLock { $0.filter { $0.hasPrefix(beginning) } }
            if found.count >= count { return found[found.count - 1] }
            if messages.withLock({ $0.last?.hasPrefix("STOPPING=1") == true }) { return "" }
            await receive()
        }
    }

    /// Takes the next one.
    private func receive() async {
        let descriptor = descriptor
        await withCheckedContinuation { continuation in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            source.setEventHandler { source.cancel() }
            source.setCancelHandler { continuation.resume() }
            source.activate()
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let size = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        guard size > 0 else { return }
        messages.withLock { $0.append(String(decoding: bytes[..<size], as: UTF8.self)) }
    }
}
