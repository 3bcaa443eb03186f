/// Whether a queue's DEEPTHINK calls get a price, so that a day's budget lasts for a day's jobs.
package enum Pacing: String, Codable, Sendable, CaseIterable {
    /// Where there is a limit and a job goes on or fails when it is spent. A job that is held is delayed and not starved.
    case auto
    case on
    case off
}
