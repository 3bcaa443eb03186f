package import Domain

/// Whose turn it is among the queues: start-time fair queuing with a job as the unit of service.
///
/// A queue's turn begins where its last one ended, but never before the turn that was served last, so a queue that had no
/// work, was paused or stood at its limit gets no credit for that time. Of two queues that both have work throughout, with
/// shares r and s, the numbers of turns m and n always keep |m/r - n/s| <= 1/r + 1/s.
/// - Source: Goyal, Vin and Cheng 1996, "Start-time Fair Queuing".
package struct FairTurns: Sendable {
    /// The length of a turn of share 1. What rounding takes from a turn is less than one part in 2^57 of it, and 2^62 turns
    /// fit into the sum.
    private static let turn: Int128 = 1 << 64

    private var servedLast: Int128 = 0
    private var ends: [QueueName: Int128] = [:]

    package init() {}

    /// Equals by name.
    package func comesFirst(_ left: QueueName, _ right: QueueName) -> Bool {
        (start(left), left.text) < (start(right), right.text)
    }

    /// Counts a job of a queue as served.
    /// - Precondition: `share` is 1 to 100.
    package mutating func serve(_ queue: QueueName, share: Int) {
        let start = start(queue)
        servedLast = start
        ends[queue] = start + Self.turn / Int128(share)
    }

    private func start(_ queue: QueueName) -> Int128 { max(ends[queue] ?? 0, servedLast) }
}
