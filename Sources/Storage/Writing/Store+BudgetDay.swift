package import Domain

extension Store {
    /// Takes a queue back to the day by the clock, after a step or a grant under a clock that was ahead. What was spent of a
    /// day that is entered again counts, so no day has a second budget. Jobs that its budget held look again at once.
    /// - Parameter clockDay: the day by the clock in the queue's zone.
    /// - Returns: the day that the queue was on.
    /// - Throws: `.noSuchQueue`, `.notAhead` where the queue is on no later day than the clock.
    @discardableResult
    package func setBudgetDay(
        _ queue: QueueName, clockDay: DayKey, by user: User, now: Timestamp
    ) throws(StorageError) -> DayKey {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(queue) != nil else { throw .noSuchQueue(queue) }
            let last = try database.first("SELECT last_day FROM queue WHERE name = ?", queue.text) {
                (row: Row) throws(StorageError) in try row.optionalInteger("last_day")
            }
            guard let number = last ?? nil, number > clockDay.daysSinceEpoch else {
                throw .notAhead(queue: queue, day: clockDay)
            }
            let before = DayKey(daysSinceEpoch: number)
            try database.run(
                "UPDATE queue SET last_day = ? WHERE name = ?", clockDay.daysSinceEpoch, queue.text)
            try wakeHeldByBudget(in: queue)
            try recordEvent(
                "budget.set-day", subject: queue.text, detail: "day=\(before)->\(clockDay)", by: user, now: now)
            return before
        }
    }
}
