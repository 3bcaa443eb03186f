/// A clock that never goes backwards, as a parameter.
package struct MonotonicTime: Sendable {
    /// Time since some fixed moment.
    package let now: @Sendable () -> Duration
    /// Throws when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(_ clock: some Clock<Duration>) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { duration in try await clock.sleep(until: clock.now.advanced(by: duration), tolerance: nil) }
    }
}
