/// How much episodes teach that were made by another pair of models or under another encoder: their mean is kept, with
/// less certainty, until there are own ones.
///
/// Each counts a quarter at most, and all together as much as `fullEpisodes` own ones, however long their history is; that
/// falls in a straight line to nothing at `ownEpisodes`. Without the fall, what was true of the old pair only would never
/// be forgotten: where other jobs are hard for the new pair, a queue with 300 old episodes did not come within 10 % of
/// the best in 400 jobs.
/// - Source: Ibrahim and Chen, "Power prior distributions for regression models", 2000.
package enum PowerPrior {
    static let greatestWeight = 0.25
    static let fullEpisodes = 100.0
    /// With so many own episodes the others say nothing any more.
    package static let ownEpisodes = 200

    /// The weight of each of `others` episodes beside `own` ones: 0 where they are to be left out.
    /// - Precondition: both >= 0.
    package static func weight(own: Int, others: Int) -> Double {
        guard others > 0, own < ownEpisodes else { return 0 }
        return min(greatestWeight, fullEpisodes / Double(others)) * (1 - Double(own) / Double(ownEpisodes))
    }
}
