/// When a running job's time is over: its time limit or its deadline. The clock is the daemon's.
package struct TimeBound: Sendable {
    /// Suspends until the time is over; returns earlier where the task is cancelled.
    private let wait: @Sendable () async -> Void
    package let isOver: @Sendable () -> Bool

    package init(wait: @escaping @Sendable () async -> Void, isOver: @escaping @Sendable () -> Bool) {
        self.wait = wait
        self.isOver = isOver
    }

    /// Does `body`, and cancels it when the time is over.
    /// - Returns: what `body` made of it, cancelled or not.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        await withTaskGroup(of: Result?.self) { group in
            group.addTask { await body() }
            group.addTask {
                await wait()
                return nil
            }
            var result: Result?
            // Whichever ends first cancels the other; `body` has the word.
            while let next = await group.next() {
                group.cancelAll()
                result = next ?? result
            }
            guard let result else { preconditionFailure("the body ends, cancelled or not") }
            return result
        }
    }
}

extension TimeBound? {
    /// As `TimeBound.run`; without a bound `body` takes what it takes.
    func cuttingOff<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let bound = self else { return try await body() }
        let result: Result<Value, Failure> = await bound.run {
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
