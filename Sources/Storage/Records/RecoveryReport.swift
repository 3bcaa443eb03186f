/// What the end of the last londid left over, and what was made of it.
package struct RecoveryReport: Hashable, Sendable {
    /// Jobs found running: claimable again, with the steps they have.
    package let requeuedJobs: Int
    /// Open reservations: charged at their worst case, because what their requests used is unknown.
    package let settledReservations: Int
    /// Steps found running: abandoned.
    package let abandonedSteps: Int
    /// Batches found validating: abandoned, never having been acknowledged.
    package let abandonedBatches: Int

    package init(requeuedJobs: Int, settledReservations: Int, abandonedSteps: Int, abandonedBatches: Int) {
        self.requeuedJobs = requeuedJobs
        self.settledReservations = settledReservations
        self.abandonedSteps = abandonedSteps
        self.abandonedBatches = abandonedBatches
    }
}
