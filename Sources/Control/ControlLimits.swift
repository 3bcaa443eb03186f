/// What one daemon takes from its clients. Everything has an end.
package struct ControlLimits: Hashable, Sendable {
    /// The most bytes of one message.
    package var frameBytes = 16 * 1024 * 1024
    /// The most values of one message: members of objects and items of lists. Each takes far more memory than its bytes.
    package var values = 50_000
    /// Of a call that streams its answer and so keeps its parameters for long, in bytes.
    package var streamingFrameBytes = 1024 * 1024
    /// What all messages together may take: half of it while they come, half while they are decoded and answered. Light
    /// ones are not counted.
    package var messageMemoryBytes = defaultMessageMemoryMegabytes << 20
    /// A message of at most so many bytes and values is light: it is decoded at once, wherever it came.
    package var lightBytes = 65_536
    package var lightValues = 1000
    package var connections = 128
    /// Of one uid; root's included.
    package var connectionsPerUser = 32
    /// Requests of one connection: so many a second on average, and so many at once.
    package var requestsPerSecond = 500
    package var requestBurst = 1000
    /// A message that has begun must be complete within this time.
    package var frameMilliseconds: Int64 = 30_000
    /// A client that reads nothing for this long is dropped; a pager in front of `results` may rest for a while.
    package var stallMilliseconds: Int64 = 3_600_000

    package init() {}

    /// Of londid.conf: below, the largest message would not fit.
    package static let messageMemoryMegabytes = 256...1_048_576
    package static let defaultMessageMemoryMegabytes = 512
}

/// A bucket of tokens: one a request, filled at a steady rate.
struct RequestRate {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: Int64

    /// - Parameter now: nanoseconds of a clock that never goes back.
    init(perSecond: Int, burst: Int, now: Int64) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        tokens = Double(burst)
        last = now
    }

    /// Whether one more request is within the rate; takes it if so.
    mutating func admits(now: Int64) -> Bool {
        tokens = min(burst, tokens + Double(max(0, now - last)) / 1e9 * perSecond)
        last = max(last, now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
