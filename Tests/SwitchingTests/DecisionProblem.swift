import Domain
import Switching

/// A two-action Markov decision problem whose numbers are all known, and its exact solution: what learners are held
/// against.
struct DecisionProblem {
    /// [states][QUICK, DEEPTHINK], units of reward.
    var rewards: [[Double]]
    /// [states][QUICK, DEEPTHINK]: where it leads, with odds that sum to 1.
    var transitions: [[[(state: Int, odds: Double)]]]
    /// gamma < 1.
    var discount: Double

    var stateCount: Int { rewards.count }

    /// v*, by iterating T_S until nothing moves.
    /// - Source: paper.md section 1.
    func optimalValues(cost: Double) -> [Double] {
        iterate { state, values in
            max(actionValue(state, 0, values, cost: cost), actionValue(state, 1, values, cost: cost))
        }
    }

    /// The values of a policy that calls DEEPTHINK in some states.
    func values(of activated: Set<Int>, cost: Double) -> [Double] {
        iterate { state, values in actionValue(state, activated.contains(state) ? 1 : 0, values, cost: cost) }
    }

    /// Delta - c: what a call is worth in each state beyond its price.
    func advantages(cost: Double) -> [Double] {
        let values = optimalValues(cost: cost)
        return (0..<stateCount).map {
            actionValue($0, 1, values, cost: cost) - actionValue($0, 0, values, cost: cost)
        }
    }

    /// Episodes that begin anywhere, choose evenly, and are cut off.
    func exploringEpisodes(
        _ count: Int, length: Int, seed: UInt64, features: (Int) -> [Float]
    ) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            var state = Int(generator.nextUniform() * Double(stateCount))
            let steps = (0..<length).map { _ in
                let action = generator.nextUniform() < 0.5 ? 0 : 1
                let step = TrainingStep(
                    features: features(state), role: action == 1 ? .deepthink : .quick,
                    reward: rewards[state][action], propensity: 0.5)
                var rest = generator.nextUniform()
                for next in transitions[state][action] {
                    state = next.state
                    rest -= next.odds
                    if rest < 0 { break }
                }
                return step
            }
            return TrainingEpisode(steps: steps, isTruncated: true, final: .init(features: features(state)))
        }
    }

    private func actionValue(_ state: Int, _ action: Int, _ values: [Double], cost: Double) -> Double {
        rewards[state][action] - cost * Double(action)
            + discount * transitions[state][action].reduce(0) { $0 + $1.odds * values[$1.state] }
    }

    private func iterate(_ operation: (Int, [Double]) -> Double) -> [Double] {
        var values = [Double](repeating: 0, count: stateCount)
        while true {
            let new = (0..<stateCount).map { operation($0, values) }
            let move = zip(values, new).reduce(0) { max($0, abs($1.0 - $1.1)) }
            values = new
            if move < 1e-12 { return values }
        }
    }
}

extension DecisionProblem {
    /// Test B's two states as a problem.
    static let twoStates = DecisionProblem(
        rewards: [[1, 1], [0, 0]],
        transitions: [[[(0, 0.8), (1, 0.2)], [(0, 1)]], [[(0, 0.3), (1, 0.7)], [(0, 1)]]], discount: 0.9)

    /// States on a ring, where neighbours are much alike. Rewards are drawn waves; QUICK drifts on or stays, DEEPTHINK
    /// earns a drawn wave more and leaps to where a drawn wave says.
    static func ring(_ stateCount: Int, seed: UInt64) -> DecisionProblem {
        var generator = SplitMix64(seed: seed)
        let reward = Wave(using: &generator)
        let gain = Wave(using: &generator)
        let drift = Wave(using: &generator)
        let leap = Wave(using: &generator)
        func at(_ state: Double) -> Int { (Int(state.rounded()) % stateCount + stateCount) % stateCount }
        var problem = DecisionProblem(rewards: [], transitions: [], discount: 0.9)
        for state in 0..<stateCount {
            let place = Double(state) / Double(stateCount)
            problem.rewards.append([reward[place], reward[place] + gain[place]])
            let unit = Double(stateCount) / 20
            let onwards = [
                (at(Double(state) + unit * drift[place]), 0.5), (state, 0.3), (at(Double(state) - unit), 0.2),
            ]
            let target = Double(state) + 4 * unit * leap[place]
            let leaps = [(at(target), 0.6), (at(target + unit), 0.3), (at(target - unit), 0.1)]
            problem.transitions.append([onwards, leaps])
        }
        return problem
    }

    /// A smooth function on the ring: three drawn harmonics, about -1 to 2.
    private struct Wave {
        var amplitudes: [Double]
        var phases: [Double]

        init(using generator: inout SplitMix64) {
            amplitudes = (0..<3).map { _ in 0.5 * generator.nextUniform() + 0.1 }
            phases = (0..<3).map { _ in generator.nextUniform() }
        }

        subscript(_ place: Double) -> Double {
            0.3
                + zip(amplitudes, phases).enumerated().reduce(0) { sum, harmonic in
                    sum + harmonic.element.0
                        * TileFeatures.sine(Double(harmonic.offset + 1) * place + harmonic.element.1)
                }
        }
    }
}

/// A ring seen through overlapping tiles: a constant, then which tile of each tiling a state lies in.
/// - Source: Sutton and Barto, "Reinforcement learning", 2nd edition, section 9.5.4.
struct TileFeatures {
    var stateCount: Int
    var tilingCount = 4
    var tileCount = 10

    var featureCount: Int { 1 + tilingCount * tileCount }

    func callAsFunction(_ state: Int) -> [Float] {
        var features = [Float](repeating: 0, count: featureCount)
        features[0] = 1
        for tiling in 0..<tilingCount {
            let place =
                Double(state) / Double(stateCount) + Double(tiling) / Double(tilingCount * tileCount)
            features[1 + tiling * tileCount + Int(place * Double(tileCount)) % tileCount] = 1
        }
        return features
    }

    /// sin(2 pi `turn`), within 0.002: no libm, so that the problems are the same everywhere.
    static func sine(_ turn: Double) -> Double {
        let fraction = turn - turn.rounded(.down)
        let half = fraction < 0.5 ? 2 * fraction : 2 * fraction - 1
        let product = half * (1 - half)
        return (fraction < 0.5 ? 16 : -16) * product / (5 - 4 * product)
    }
}
