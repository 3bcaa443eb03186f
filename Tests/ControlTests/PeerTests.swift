@testable import Control
import Domain
import Glibc
import Synchronization
import Testing

/// The kernel says who calls; what the caller may do must follow from that and from nothing in the message.
@Suite(.timeLimit(.minutes(5))) struct `The caller` {
    /// Root and the daemon's own user are administrators whatever their groups, so a stranger is made here by an
    /// authorization that knows neither.
    @Test func `is refused what it may not do, but told what the service is`() async throws {
        try await withServer(StrangerTable(), authorization: .userMode(ownUID: getuid())) { path in
            let client = try ControlClient.connect(path: path)
            let error = await #expect(throws: ControlError.self) {
                _ = try await client.call(CreateQueue.self, .init(name: MessageSamples.queue, settings: .init()))
            }
            #expect(
                error
                    == .permissionDenied(
                        action: "call io.londi.CreateQueue",
                        needs: "root, or membership in the group that londid.conf names for administrators "
                            + "(usually londi-admin)"))
            #expect(try await client.daemonVersion() == "9.9")
        }
    }

    /// Knows the caller as a member, whoever runs the test.
    private struct StrangerTable: ControlHandler {
        func handle(_ call: Call, reply: Reply) async throws(ControlError) {
            var peer = call.peer
            peer.authority = .member
            var table = MethodTable(authorization: Authorization(ownUID: 1, adminGroup: 2, memberGroup: 3))
            table.on(CreateQueue.self) { _, _, _ async throws(ControlError) in
                throw .unavailable(what: "a member came through")
            }
            let asMember = Call(
                method: call.method, parameters: call.parameters, wantsMore: call.wantsMore,
                isOneWay: call.isOneWay, peer: peer, connection: call.connection)
            try await table.handle(asMember, reply: reply)
        }
    }

    @Test func `is known by uid, groups and name`() async throws {
        let peers = Mutex<[Peer]>([])
        try await withServer(PeerRecorder(peers: { peer in peers.withLock { $0.append(peer) } })) { path in
            let client = try ControlClient.connect(path: path)
            _ = try await client.call(Feedback.self, .init(job: JobID(1), reward: 1))
        }
        let peer = try #require(peers.withLock { $0.first })
        #expect(peer.uid == getuid())
        #expect(peer.pid == getpid())
        #expect(peer.groups.contains(getgid()))
        #expect(peer.authority == .admin)
        if getuid() == 0 { #expect(peer.userName == "root") }
    }

    private struct PeerRecorder: ControlHandler {
        let peers: @Sendable (Peer) -> Void
        func handle(_ call: Call, reply: Reply) async throws(ControlError) {
            peers(call.peer)
            try await reply.send(NoFields())
        }
    }
}
