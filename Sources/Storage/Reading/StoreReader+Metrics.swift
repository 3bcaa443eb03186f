package import Domain
internal import SQLite

/// What a stretch of the ledger adds up to, by queue.
package struct LedgerSums: Hashable, Sendable {
    /// The last entry in it; the one before where there is none.
    package var last: Int64
    package var spend: [QueueName: [Role: Spend]]

    package init(last: Int64 = 0, spend: [QueueName: [Role: Spend]] = [:]) {
        self.last = last
        self.spend = spend
    }

    /// With the stretch that follows.
    package func extended(by next: LedgerSums) -> LedgerSums {
        let sums = spend.merging(next.spend) { left, right in left.merging(right) { $0 + $1 } }
        return LedgerSums(last: next.last, spend: sums)
    }
}

extension StoreReader {
    /// The entries after one of the ledger: what they add up to, not each of them.
    package func ledgerSums(after sequence: Int64) throws(StorageError) -> LedgerSums {
        var sums = LedgerSums(last: sequence)
        try database.each(
            "SELECT queue, max(seq) AS last, \(sumsByRole) FROM ledger_entry WHERE seq > ? GROUP BY queue", [sequence]
        ) { (row: Row) throws(StorageError) in
            sums.last = max(sums.last, try row.integer("last"))
            sums.spend[try row.queueName()] = [
                .quick: try row.spend(of: .quick), .deepthink: try row.spend(of: .deepthink),
            ]
            return true
        }
        return sums
    }

    /// The mean reward of a queue's newest outcomes, at most `count` of them; nil where it has none.
    package func recentReward(_ queue: QueueName, count: Int) throws(StorageError) -> Double? {
        try database.first(
            """
            SELECT avg(reward) AS reward FROM (SELECT reward FROM outcome WHERE queue = ? ORDER BY seq DESC LIMIT ?)
            """, queue.text, count
        ) { (row: Row) throws(StorageError) in try row.optionalReal("reward") } ?? nil
    }
}
