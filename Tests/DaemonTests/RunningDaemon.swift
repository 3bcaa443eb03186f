import Control
import Dispatch
import Domain
import Generation
import Glibc
import Storage
import Testing

@testable import Daemon

/// A whole londid in this process, on a state that a test has prepared.
struct RunningDaemon {
    private let state: TemporaryState
    /// nil: models that never answer.
    var engines: [EngineRole: any Engine]?
    /// The encoder is a model; else words are hashed.
    var hasEncoder = false

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
    func run(_ body: (String) async throws -> Void) async throws {
        _ = try await store()
        let status = try StatusSocket(path: "\(state.directory)/notify")
        var engine = Configuration.Engine(url: "unix:\(state.directory)/no-model.sock")
        engine.slots = 8
        let configuration = Configuration(
            stateDirectory: "\(state.directory)/state", runtimeDirectory: "\(state.directory)/run", memberGroup: "",
            adminGroup: "", logLevel: .error, drainSeconds: 0, stepSeconds: 1, quick: engine, deepthink: engine,
            encoder: hasEncoder ? engine : nil, verifiers: [])
        let daemon = LondiDaemon(
            configuration: configuration, isUserMode: true, environment: [:],
            serviceManager: ServiceManager(socketPath: status.path), log: Log(threshold: .error, isJournal: false),
            engines: engines)
        async let exit = Self.exitStatus(of: daemon, telling: status)
        // The daemon reports its state only once its socket listens. If it ended instead, `body` finds no socket.
        await status.firstMessage()
        do { try await body(configuration.controlSocketPath) } catch {
            daemon.stop()
            _ = await exit
            throw error
        }
        daemon.stop()
        #expect(await exit == 0)
    }

    private static func exitStatus(of daemon: LondiDaemon, telling status: StatusSocket) async -> Int32 {
        let exit = await daemon.run()
        ServiceManager(socketPath: status.path).notifyStopping()
        return exit
    }
}

/// The service manager's end of the readiness protocol.
final class StatusSocket: Sendable {
    let path: String
    private let descriptor: Int32

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

    /// Until one has come.
    func firstMessage() async {
        let descriptor = descriptor
        await withCheckedContinuation { continuation in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            source.setEventHandler { source.cancel() }
            source.setCancelHandler { continuation.resume() }
            source.activate()
        }
    }
}
