import Control
import Domain
import Episodes
import FoundationEssentials
import Hashing
import Storage
import Switching

/// What administrators do to policies. Every change is an event in the store first and then published from there.
extension ControlService {
    private static let eventLimit = 100
    private static let reasonLimit = 500

    /// What the policies of some queues do, in the queues' order.
    func policyStates(of queues: [QueueName]) async throws(StorageError) -> [PolicyStateView] {
        var policies: [PolicyStateView] = []
        for queue in queues {
            policies.append(PolicyStateView(queue: queue, state: try await reader.policyState(queue)))
        }
        return policies
    }

    func addPolicyChanges(to table: inout MethodTable) {
        table.on(ListPolicies.self) { _, _, reply throws(ControlError) in
            let policies = try await answering { () async throws(StorageError) in
                try await policyStates(of: try await reader.queues().map(\.name))
            }
            try await reply.send(ListPolicies.Reply(policies: policies))
        }
        table.on(ListPolicyEvents.self) { parameters, _, reply throws(ControlError) in
            let limit = try Self.limit(parameters.limit) ?? Self.eventLimit
            _ = try await queue(parameters.queue)
            let events = try await answering { () async throws(StorageError) in
                try await reader.policyEvents(parameters.queue, limit: limit)
            }
            try await reply.send(ListPolicyEvents.Reply(events: events))
        }
        table.on(FreezePolicy.self) { parameters, peer, reply throws(ControlError) in
            let reason = try Self.reason(parameters.reason)
            let event = try await changePolicy(parameters.queue) { () async throws(StorageError) in
                try await store.freezePolicy(parameters.queue, reason: reason, by: User(peer), now: clock.now())
            }
            try await reply.send(FreezePolicy.Reply(event: event))
        }
        table.on(ThawPolicy.self) { parameters, peer, reply throws(ControlError) in
            let reason = try Self.reason(parameters.reason)
            let event = try await changePolicy(parameters.queue) { () async throws(StorageError) in
                try await store.thawPolicy(parameters.queue, reason: reason, by: User(peer), now: clock.now())
            }
            try await reply.send(FreezePolicy.Reply(event: event))
        }
        table.on(RollBackPolicy.self) { parameters, peer, reply throws(ControlError) in
            let reason = try Self.reason(parameters.reason)
            try await checkRollBack(parameters.queue, to: parameters.version)
            let event = try await changePolicy(parameters.queue) { () async throws(StorageError) in
                try await store.rollBackPolicy(
                    parameters.queue, to: parameters.version, reason: reason, by: User(peer), now: clock.now())
            }
            try await reply.send(FreezePolicy.Reply(event: event))
        }
        table.on(ExportPolicy.self) { parameters, _, reply throws(ControlError) in
            let snapshot = try await snapshot(parameters.queue, parameters.version)
            try await reply.send(
                ExportPolicy.Reply(
                    version: snapshot.version, data: Data(snapshot.weights ?? []).base64EncodedString(),
                    sha256: snapshot.sha256))
        }
        table.on(ImportPolicy.self) { parameters, peer, reply throws(ControlError) in
            let version = try await computing.run(for: peer) { () async throws(ControlError) -> PolicyVersionView in
                try await importPolicy(parameters, by: User(peer))
            }
            try await reply.send(ImportPolicy.Reply(version: version))
        }
    }

    private static func reason(_ text: String?) throws(ControlError) -> String {
        guard let text, !text.isEmpty else { return "no reason was given" }
        guard text.utf8.count <= reasonLimit else {
            throw .invalidArgument(
                argument: "reason", value: "\(text.firstScalars(40))...", remedy: "use at most \(reasonLimit) bytes")
        }
        return text
    }

    /// Changes the state of a queue's policy, and has what it is now act.
    private func changePolicy(
        _ name: QueueName, _ change: () async throws(StorageError) -> PolicyEvent
    ) async throws(ControlError) -> PolicyEvent {
        let queue = try await queue(name)
        let event = try await answering(change)
        await publish(queue)
        return event
    }

    private func publish(_ queue: QueueRecord) async {
        await learner.reload(queue)
        learner.note(queue.name)
        board.post()
    }

    /// A version with weights that have their hash; nil: the one in force.
    private func snapshot(_ name: QueueName, _ version: Int64?) async throws(ControlError) -> PolicySnapshot {
        _ = try await queue(name)
        let found = try await answering { () async throws(StorageError) in
            guard let version else { return try await reader.policyInForce(name)?.snapshot }
            guard let snapshot = try await reader.policySnapshot(name, version: version) else {
                throw .noSuchPolicy(
                    queue: name, version: version, prunedAt: try await reader.prunedPolicy(version, of: name)?.prunedAt)
            }
            guard hexadecimal(SHA256.digest(of: snapshot.weights ?? [])) == snapshot.sha256 else {
                throw .damagedPolicy(queue: name, version: version)
            }
            return snapshot
        }
        guard let found else { throw .notFound(kind: "policy", name: "in force of queue \(name)") }
        return found
    }

    /// Refuses a version that could not act: the queue would go on without any.
    private func checkRollBack(_ name: QueueName, to version: Int64?) async throws(ControlError) {
        let before = try await answering { () async throws(StorageError) in try await reader.policyVersionBefore(name) }
        guard let version = version ?? before else { return }
        let snapshot = try await snapshot(name, version)
        do throws(SwitchingError) {
            let policy = try Policy(bytes: snapshot.weights ?? [])
            let encoder = await texts.encoder
            try policy.check(encoder: encoder, pairKey: await pair.pairKey(encoder))
        } catch {
            throw .conflict(
                what: "policy \(version) of queue \(name) does not fit (\(error))",
                remedy: "`londictl policy versions \(name)` lists the others")
        }
    }
}
