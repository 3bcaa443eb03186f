package import Domain

/// What a DEEPTHINK call costs right now on top of the queue's cost, so that what is left of the day's budget goes to
/// the steps that gain most by it.
///
/// Where many states are worth the same, no single price makes just as many calls as are left: one step up and none of
/// them calls, one step down and all do (paper.md section 3, trap 6). So a share of the jobs, drawn by their numbers,
/// meets the lower price and the others the higher one.
package struct PacedPrice: Hashable, Sendable {
    /// In units of reward, 0 <= lower <= upper.
    package var lower: Double
    package var upper: Double
    /// The share of the jobs that meet the upper price, 0...1.
    package var upperShare: Double
    /// What one more call today is worth, in units of reward: the gain of the best step that goes without.
    package var worth: Double

    /// A call that costs nothing more: the budget is plenty, or there is none.
    package static let free = PacedPrice(lower: 0, upper: 0, upperShare: 0, worth: 0)

    /// The price that one episode of a job meets, at all its steps: determined by the job, so that it can be told again.
    package func price(job: JobID, episode: Int64) -> Double {
        if lower == upper { return lower }
        var generator = SplitMix64(seed: decisionSeed(job: job, episode: episode, step: 0))
        // The first number draws the first step's choice.
        _ = generator.nextUniform()
        return generator.nextUniform() < upperShare ? upper : lower
    }
}
