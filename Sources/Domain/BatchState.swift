/// Where a batch is on its way in.
package enum BatchState: String, Codable, Sendable, CaseIterable {
    /// Its jobs arrive; nobody sees them yet.
    case validating
    /// Accepted: all its jobs are there.
    case ready
    /// Refused, cut off by a crash, or the same as another; it has no jobs.
    case abandoned
}
