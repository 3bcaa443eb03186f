import Control
import Domain

extension Command {
    static let metrics = Command(
        words: ["metrics"], summary: "Print Prometheus metrics, as for the node exporter's textfile collector",
        examples: ["metrics > /var/lib/prometheus/node-exporter/londi.prom.new"], output: .text
    ) { invocation async throws(CommandError) in
        let session = try Session(invocation)
        let always = ReportSpend.Parameters(from: DayKey(daysSinceEpoch: 0), by: [.queue])
        let text = MetricsText.text(
            status: try await session.call(Status.self, .init()),
            queues: try await session.call(ListQueues.self, .init()).queues,
            budgets: try await session.call(ShowBudgets.self, .init()).budgets,
            spend: try await session.call(ReportSpend.self, always).rows,
            policies: try await session.call(ListPolicies.self, .init()).policies)
        invocation.console.write(text)
        return .ok
    }
}
