/// How fast a queue's jobs begin while others of them wait: what the machine can do for it, beside other queues. A backlog
/// that today cannot reach asks nothing of today's budget.
package struct ServiceRate: Hashable, Sendable {
    /// Seconds from one job's begin to the next; nil where too little is known.
    private var interval: Double?
    /// When the last job began, where others waited then; in seconds of any clock that never goes back.
    private var lastBegin: Double?

    /// What one interval weighs against those before.
    private static let weight = 0.05
    /// An interval longer than this many usual ones was a pause.
    private static let longest = 10.0

    package init() {}

    /// Notes that a job has begun.
    /// - Parameter othersWait: there are more that could begin.
    package mutating func noteBegin(atSeconds now: Double, othersWait: Bool) {
        if let lastBegin {
            let latest = max(now - lastBegin, 0)
            let known = interval ?? latest
            interval = known + Self.weight * (min(latest, Self.longest * known) - known)
        }
        lastBegin = othersWait ? now : nil
    }

    /// The jobs that can begin in a time; nil where that is not known.
    package func jobs(inSeconds time: Double) -> Double? {
        interval.flatMap { $0 > 0 ? time / $0 : nil }
    }
}
