import Domain
import Glibc
import Simulations
import Switching

/// The Switcher against its baselines on simulated jobs with delayed consequences: cost against quality, for each kind over
/// several seeds, on jobs that it did not learn from.
struct SwitcherBench {
    static let trainedJobs = 500
    static let evaluatedJobs = 2_000
    /// From always to never, on a logarithmic scale: reward units of a call.
    static let costs = [0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5]
    static let rates = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    static let thresholds = [-0.2, -0.25, -0.3, -0.35, -0.4, -0.45, -0.5, -0.55, -0.6, -0.7]

    let options: BenchOptions

    func run(_ report: inout Report) throws {
        let seeds = UInt64(1)...UInt64(options.seedCount)
        report.note(
            "\(Self.trainedJobs) jobs to learn from, \(Self.evaluatedJobs) others to measure, seeds \(seeds); "
                + "+- is 1.96 standard errors over the seeds")
        for kind in SwitcherKind.allCases where kind != .alwaysQuick && kind != .alwaysDeepthink {
            let curves = try seeds.map { seed in try curve(of: kind, seed: seed) }
            add("\(kind.rawValue): APGR", curves.map(\.averageGapRecovered), "", to: &report)
            add(
                "\(kind.rawValue): CPT(50)", curves.map { 100 * $0.callShare(recovering: 0.5) }, "% of calls",
                to: &report)
            add(
                "\(kind.rawValue): CPT(80)", curves.map { 100 * $0.callShare(recovering: 0.8) }, "% of calls",
                to: &report)
            for share in [0.1, 0.2, 0.3, 0.5] {
                add(
                    "\(kind.rawValue): reward at \(Int(100 * share)) % of calls", curves.map { $0.reward(at: share) },
                    "",
                    to: &report)
            }
        }
        let bounds = seeds.map { ends(seed: $0) }
        add("always-quick: reward", bounds.map(\.quick), "", to: &report)
        add("always-deepthink: reward", bounds.map(\.deepthink), "", to: &report)
        report.add(
            "ceiling at cost 0.05, told the family and every error: net reward",
            DeliberationJobs(seed: 1).ceiling(cost: 0.05),
            "")
    }

    /// What a kind reaches when its setting that trades calls for quality is swept.
    private func curve(of kind: SwitcherKind, seed: UInt64) throws -> CostQuality {
        let bounds = ends(seed: seed)
        let points: [CostQuality.Point]
        switch kind {
        case .alwaysQuick, .alwaysDeepthink: points = []
        case .random: points = Self.rates.map { point(SwitcherSettings(kind: kind, parameter: $0), seed: seed) }
        case .threshold:
            points = Self.thresholds.map { point(SwitcherSettings(kind: kind, parameter: $0), seed: seed) }
        case .swiftSage: points = [point(SwitcherSettings(kind: kind), seed: seed)]
        case .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit:
            var queue = SimulatedQueue(SwitcherSettings(kind: kind), seed: seed)
            // A network's refit takes seconds.
            if kind == .fittedQMLP || kind == .sac { queue.refitInterval = 100 }
            _ = try queue.train(Self.trainedJobs)
            points = try Self.costs.map { cost in
                let sum = try queue.refitted(cost: cost).evaluate(Self.evaluatedJobs, seed: 1_000 + seed)
                return CostQuality.Point(share: sum.callShare, reward: sum.meanReward)
            }
        }
        return CostQuality(points, quick: bounds.quick, deepthink: bounds.deepthink)
    }

    private func ends(seed: UInt64) -> (quick: Double, deepthink: Double) {
        (
            point(SwitcherSettings(kind: .alwaysQuick), seed: seed).reward,
            point(SwitcherSettings(kind: .alwaysDeepthink), seed: seed).reward
        )
    }

    private func point(_ settings: SwitcherSettings, seed: UInt64) -> CostQuality.Point {
        let sum = SimulatedQueue(settings, seed: seed).evaluate(Self.evaluatedJobs, seed: 1_000 + seed)
        return CostQuality.Point(share: sum.callShare, reward: sum.meanReward)
    }

    /// Adds the mean over the seeds and its 95 % interval.
    private func add(_ name: String, _ values: [Double], _ unit: String, to report: inout Report) {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))
        report.add(name, mean, unit, margin: 1.96 * (variance / Double(values.count)).squareRoot())
    }
}
