import Domain

/// An experiment of the paper: which tasks a queue's jobs are, and what is swept. The pair is that of the running londid.
/// - Source: Chen, Du and Mguni, arXiv 2402.12061, figure 4.
struct PaperFigure: Sendable {
    /// The paper's.
    let number: Int
    let title: String
    /// A section of londid.conf.
    let environment: String
    let options: [String: String]
    let maxSteps: Int
    let stepTokens: Int
    /// Seeds of the episodes that the Switcher learns from, and of those that are measured.
    let trainingSeeds: Int64
    let measuredSeeds: Int64
    /// c of the method, in units of the environment's reward.
    let costs: [Double]

    static let all = [
        PaperFigure(
            number: 4, title: "BabyAI-Text, mixed tasks", environment: "babyai-text",
            options: ["level": "MixedTrainLocal"], maxSteps: 64, stepTokens: 48, trainingSeeds: 30_000_000,
            measuredSeeds: 40_000_000, costs: [0.05, 0.15, 0.4, 1, 2.5])
    ]

    func specification(seed: Int64) -> JobSpecification {
        JobSpecification(
            messages: [], environment: EnvironmentRequest(name: environment, seed: seed, options: options))
    }
}

/// A way to choose who writes a step, which meets the measured episodes.
struct PaperArm: Sendable {
    let kind: SwitcherKind
    /// What is swept: the cost of those that learn, the parameter of the others; nil where nothing is.
    var setting: Double?

    static let rates = [0.1, 0.2, 0.35, 0.5, 0.75]
    static let certainties = [-0.4, -0.2, -0.1, -0.05]

    /// What every other arm lies between.
    static let bounds = [PaperArm(kind: .alwaysQuick), PaperArm(kind: .alwaysDeepthink)]

    static func learners(at costs: [Double]) -> [PaperArm] {
        [SwitcherKind.fittedQ, .fittedQMLP].flatMap { kind in costs.map { PaperArm(kind: kind, setting: $0) } }
    }

    static let baselines =
        [PaperArm(kind: .swiftSage)]
        + rates.map { PaperArm(kind: .random, setting: $0) }
        + certainties.map { PaperArm(kind: .threshold, setting: $0) }

    var name: String { kind.rawValue + (setting.map { " \($0)" } ?? "") }

    /// QUICK drafts where its draft is of use to the choice.
    var observe: Observe {
        switch kind {
        case .alwaysQuick, .alwaysDeepthink, .random, .swiftSage: .state
        case .threshold, .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit: .draft
        }
    }

    /// Nothing is drawn while it is measured.
    var switcher: SwitcherSettings {
        var settings = SwitcherSettings(kind: kind, explorationRate: 0)
        if observe == .draft, kind != .threshold { settings.cost = setting ?? settings.cost }
        if kind == .threshold || kind == .random { settings.parameter = setting ?? settings.parameter }
        return settings
    }
}
