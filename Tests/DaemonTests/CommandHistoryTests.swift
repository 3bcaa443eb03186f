import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// Random commands of several clients at once, over the socket of a whole londid that is stopped and started in between,
/// against a pure model (`JobBook`, `ClientModel`). Each client knows what must be true of its own queue and jobs; of the
/// queue that all share, invariants hold.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CommandHistories {
    private static let admin = User(uid: 0, name: "root")

    @Test(arguments: 1...50) func `what clients see is what the model says`(seed: UInt64) async throws {
        let shared = try QueueName(ClientModel.sharedName)
        var daemon = try await RunningDaemon { store in
            let settings = QueueSettings(
                limits: BudgetLimits(calls: ClientModel.sharedCalls),
                switcher: SwitcherSettings(kind: .alwaysDeepthink))
            try await store.createQueue(shared, settings, by: Self.admin, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        var clients = try (0..<3).map { try ClientModel(number: $0, seed: seed) }
        for isLast in [false, false, true] {
            try await daemon.run { path in
                clients = try await Self.together(clients) { client throws in
                    let connection = try ControlClient.connect(path: path)
                    for _ in 0..<20 { try await client.act(connection) }
                    if isLast { try await client.conclude(connection) }
                }
            }
        }
        // The last steps of cancelled jobs have been settled by now.
        try await daemon.run { path in
            let connection = try ControlClient.connect(path: path)
            for number in clients.indices {
                let queue = clients[number].own
                let jobs = try await clients[number].review(connection)
                let spend = try await connection.call(
                    ReportSpend.self, .init(from: DayKey(daysSinceEpoch: 0), by: [], queue: queue)
                ).total
                #expect(spend.quick == jobs.quick, "seed \(seed): \(queue)")
                #expect(spend.deepthink == jobs.deepthink, "seed \(seed): \(queue)")
            }
            try await Self.checkShared(connection, shared, clients, seed: seed)
            let books = try await connection.call(VerifyBooks.self, .init())
            #expect(books.differences == [], "seed \(seed)")
        }
    }

    private static func checkShared(
        _ connection: ControlClient, _ shared: QueueName, _ clients: [ClientModel], seed: UInt64
    ) async throws {
        let budgets = try await connection.call(ShowBudgets.self, .init()).budgets
        #expect(budgets.allSatisfy { $0.reserved == .zero }, "seed \(seed): \(budgets)")
        let limit = ClientModel.sharedCalls + clients.reduce(0) { $0 + $1.sharedGrants }
        let budget = try #require(budgets.first { $0.queue == shared })
        #expect(budget.limits.calls == limit && budget.spent.calls <= limit, "seed \(seed): \(budget)")
        let listed = try await connection.call(ListJobs.self, .init(queue: shared)).jobs.map(\.job)
        #expect(Set(listed) == Set(clients.flatMap { $0.book.ids(of: shared) }), "seed \(seed)")
    }

    private static func together(
        _ clients: [ClientModel], _ body: @escaping @Sendable (inout ClientModel) async throws -> Void
    ) async throws -> [ClientModel] {
        try await withThrowingTaskGroup(of: ClientModel.self) { group in
            for client in clients {
                group.addTask {
                    var client = client
                    try await body(&client)
                    return client
                }
            }
            var done: [ClientModel] = []
            for try await client in group { done.append(client) }
            return done.sorted { $0.number < $1.number }
        }
    }
}
