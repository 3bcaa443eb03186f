import Control
import Domain
import Glibc
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
        return MetricsText(
            status: try await status(), queues: records.map(QueueView.init), budgets: try await budgets(of: records),
            sums: sums, rewards: rewards, policies: policies,
            sizes: ["database", "log"].map { ($0, size(of: $0 == "log" ? "state.sqlite-wal" : "state.sqlite")) }
        ).text
    }

    /// In bytes; 0 where there is no such file.
    private func size(of name: String) -> Int64 {
        var status = stat()
        return stat("\(store.directory)/\(name)", &status) == 0 ? Int64(status.st_size) : 0
    }
}
