import Domain
import Switching
import Testing

/// Paper notes, test D: random problems of 50 to 200 states, seen through 41 tiles, against value iteration.
@Suite struct ConvergenceTests {
    static let discount = 0.9
    static let cost = 0.4

    struct Report {
        /// Mean of v* - v of the learnt policy, and of the better of always-QUICK and always-DEEPTHINK.
        var regret = 0.0
        var baselineRegret = 0.0
        /// Of the states with |Delta - c| above the margin: where the sign of Q1 - Q0 is right.
        var agreement = 0.0
        /// Of all states: where the 95 % interval of Q1 - Q0 contains 0.
        var undecided = 0.0
    }

    @Test(arguments: TestedLearner.allCases)
    func `regret on random problems is small against the best fixed policy's`(tested: TestedLearner) throws {
        var mean = Report()
        let cases: [(states: Int, seed: UInt64)] = [(50, 1), (100, 2), (100, 3), (200, 4), (200, 5)]
        for given in cases {
            let report = try report(tested, states: given.states, seed: given.seed)
            print("D \(tested) \(given.states) states, seed \(given.seed): \(report)")
            mean.regret += report.regret / Double(cases.count)
            mean.baselineRegret += report.baselineRegret / Double(cases.count)
            mean.agreement += report.agreement / Double(cases.count)
        }
        print("D \(tested) mean: regret \(mean.regret) of \(mean.baselineRegret), agreement \(mean.agreement)")
        #expect(mean.regret < 0.05 * mean.baselineRegret, "\(tested): \(mean)")
        #expect(mean.agreement > 0.95, "\(tested): \(mean)")
    }

    private func report(_ tested: TestedLearner, states: Int, seed: UInt64) throws -> Report {
        let problem = DecisionProblem.ring(states, seed: seed)
        let features = TileFeatures(stateCount: states)
        let episodes = problem.exploringEpisodes(1_000, length: 20, seed: seed + 100, features: features.callAsFunction)
        let policy = try learntPolicy(
            episodes, cost: Self.cost, featureCount: features.featureCount,
            learner: tested.learner(discount: Self.discount, states: states))
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

        let optimal = mean(problem.optimalValues(cost: Self.cost))
        let activated = Set((0..<states).filter { policy.greedy(features($0), cost: Self.cost) == .deepthink })
        let fixed = [Set<Int>(), Set(0..<states)].map { mean(problem.values(of: $0, cost: Self.cost)) }
        let advantages = problem.advantages(cost: Self.cost)
        let clear = (0..<states).filter { abs(advantages[$0]) > 0.2 }
        let right = clear.count { (advantages[$0] > 0) == activated.contains($0) }
        return Report(
            regret: optimal - mean(problem.values(of: activated, cost: Self.cost)),
            baselineRegret: optimal - fixed.reduce(-Double.infinity) { max($0, $1) },
            agreement: Double(right) / Double(clear.count),
            undecided: Double((0..<states).count { policy.isUndecided(features($0), cost: Self.cost) })
                / Double(states))
    }
}
