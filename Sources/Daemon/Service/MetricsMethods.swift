import Control
import Domain
import Storage

extension ControlService {
    /// The newest outcomes of a queue whose reward tells how it does.
    private static let recentOutcomes = 100

    func addMetrics(to table: inout MethodTable) {
        table.on(ReadMetrics.self) { _, _, reply throws(ControlError) in
            try await reply.send(ReadMetrics.Reply(text: try await metrics()))
        }
    }

    /// Everything that monitoring wants to know, in Prometheus' text format.
    func metrics() async throws(ControlError) -> String {
        let records = try await answering { () async throws(StorageError) in try await reader.queues() }
        let (sums, rewards, policies) = try await answering { () async throws(StorageError) in
            var rewards: [QueueName: Double] = [:]
            for queue in records {
                rewards[queue.name] = try await reader.recentReward(queue.name, count: Self.recentOutcomes)
            }
            return (try await totals.current(), rewards, try await policyStates(of: records.map(\.name)))
        }
        let ended = try await answering { () async throws(StorageError) in try await ends.current() }
        return MetricsText(
            status: try await status(), queues: records.map(QueueView.init), budgets: try await budgets(of: records),
            sums: sums, times: times, ends: ended, rewards: rewards, policies: policies,
            sizes: [("database", "state.sqlite"), ("log", "state.sqlite-wal")].map { file, name in
                (file, DiskCheck.size(of: "\(store.directory)/\(name)"))
            }
        ).text
    }
}
