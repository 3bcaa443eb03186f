import Synchronization

/// When a server last showed that it is working, over all its requests. A step may take hours as long as tokens come.
final class ProgressMeter: Sendable {
    private struct Reading {
        var requestsInFlight = 0
        var latest = Duration.zero
    }

    private let reading = Mutex(Reading())

    func begin(now: Duration) {
        reading.withLock { reading in
            if reading.requestsInFlight == 0 { reading.latest = now }
            reading.requestsInFlight += 1
        }
    }

    func note(now: Duration) { reading.withLock { $0.latest = max($0.latest, now) } }

    func end() { reading.withLock { $0.requestsInFlight -= 1 } }

    /// How long requests have been waiting without any progress; zero when there are none.
    func stalled(now: Duration) -> Duration {
        reading.withLock { $0.requestsInFlight > 0 ? now - $0.latest : .zero }
    }
}
