package import Domain
package import Switching

/// One job as its worker got it: what to do, under which settings, and what is already written.
package struct Assignment: Sendable {
    package var job: JobID
    package var episode: Int64
    package var specification: JobSpecification
    package var settings: QueueSettings
    /// How the environment began the episode, where an earlier run did.
    package var opening: Opening?
    /// The steps that earlier runs of this episode wrote, in order.
    package var written: [WrittenStep]
    package var policy: Policy?
    /// Whose features the policy weighs and the steps record.
    package var encoder: any FeatureEncoder
    /// What prices the calls; nil where the queue is not paced.
    package var pacing: PacingPlan?
    /// The local time of day in the queue's zone, 0 at midnight, below 1.
    package var dayFraction: Double

    package init(
        job: JobID, episode: Int64, specification: JobSpecification, settings: QueueSettings,
        opening: Opening? = nil, written: [WrittenStep], policy: Policy?, encoder: any FeatureEncoder,
        pacing: PacingPlan? = nil, dayFraction: Double
    ) {
        self.job = job
        self.episode = episode
        self.specification = specification
        self.settings = settings
        self.opening = opening
        self.written = written
        self.policy = policy
        self.encoder = encoder
        self.pacing = pacing
        self.dayFraction = dayFraction
    }
}
