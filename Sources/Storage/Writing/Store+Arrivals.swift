internal import Domain

extension Store {
    /// For how many days of 24 hours arrivals are kept.
    static let arrivalDays: Int64 = 60

    /// Counts jobs that a queue was given, in the transaction that accepts them: once for a batch, however long it is.
    /// - Parameter count: >= 1.
    func recordArrivals(_ count: Int, in queue: QueueName, now: Timestamp) throws(StorageError) {
        let slot = Arrival.slot(of: now)
        try database.run(
            """
            INSERT INTO arrival (queue, slot, jobs) VALUES (?, ?, ?)
            ON CONFLICT (queue, slot) DO UPDATE SET jobs = jobs + excluded.jobs
            """, queue.text, slot, count)
        try database.run(
            "DELETE FROM arrival WHERE queue = ? AND slot < ?", queue.text,
            slot - Store.arrivalDays * Int64(Arrival.slotsOfDay))
    }
}
