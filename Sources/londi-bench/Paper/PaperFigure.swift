import Domain

/// An experiment of the paper: which tasks a queue's jobs are, and what is swept. The pair is that of the running londid.
/// - Source: Chen, Du and Mguni, arXiv 2402.12061, figures 1, 3 and 4.
struct PaperFigure: Sendable {
    /// The paper's.
    let number: Int
    var title: String
    /// A section of londid.conf.
    let environment: String
    var options: [String: String]
    /// What is added to them for the episodes that the Switcher learns from, and for those that are measured.
    var trainingOptions: [String: String] = [:]
    var measuredOptions: [String: String] = [:]
    let maxSteps: Int
    let stepTokens: Int
    /// Seeds of the episodes that the Switcher learns from, and of those that are measured.
    let trainingSeeds: Int64
    let measuredSeeds: Int64
    /// c of the method, in units of the environment's reward; the Switcher learns online at the middle one.
    let costs: [Double]
    /// The most DEEPTHINK calls of an episode, each with the same policy; where there are some it is counted in which room of
    /// the environment they are made.
    var budgets: [Int] = []

    var learningCost: Double { costs[costs.count / 2] }

    /// Variations of ScienceWorld's tasks are split: QUICK was trained with those of `train`.
    private static func scienceWorld(
        _ number: Int, _ title: String, task: String, maxSteps: Int, costs: [Double], budgets: [Int] = []
    ) -> PaperFigure {
        PaperFigure(
            number: number, title: "ScienceWorld \(title)", environment: "scienceworld",
            options: ["task": task, "max_steps": "\(maxSteps)"], trainingOptions: ["split": "dev"],
            measuredOptions: ["split": "test"], maxSteps: maxSteps, stepTokens: 32, trainingSeeds: 0, measuredSeeds: 0,
            costs: costs, budgets: budgets)
    }

    static let all = [
        scienceWorld(
            1, "3-1, create a circuit", task: "power-component", maxSteps: 40, costs: [1], budgets: [1, 2, 4, 8]),
        scienceWorld(
            3, "7-3, longest-lived then shortest-lived animal", task: "lifespan-longest-lived-then-shortest-lived",
            maxSteps: 40, costs: [1, 4, 10, 25, 60]),
        PaperFigure(
            number: 4, title: "BabyAI-Text, mixed tasks", environment: "babyai-text",
            options: ["level": "MixedTrainLocal"], maxSteps: 64, stepTokens: 48, trainingSeeds: 30_000_000,
            measuredSeeds: 40_000_000, costs: [0.15, 0.2, 0.25, 0.3, 0.5]),
    ]

    /// The same experiment with another of the environment's levels; nil where it has none.
    func at(level: String) -> PaperFigure? {
        guard options["level"] != nil else { return nil }
        var figure = self
        figure.title = "BabyAI-Text, \(level)"
        figure.options["level"] = level
        return figure
    }

    func specification(seed: Int64, with added: [String: String]) -> JobSpecification {
        let all = options.merging(added) { $1 }
        return JobSpecification(
            messages: [], environment: EnvironmentRequest(name: environment, seed: seed, options: all))
    }
}

/// A way to choose who writes a step, which meets the measured episodes.
struct PaperArm: Sendable {
    let kind: SwitcherKind
    /// What is swept: the cost of those that learn, the parameter of the others; nil where nothing is.
    var setting: Double?
    /// The most DEEPTHINK calls of an episode.
    var budget: Int?

    static let rates = [0.1, 0.2, 0.35, 0.5, 0.75]
    static let certainties = [-0.4, -0.2, -0.1, -0.05]

    /// What every other arm lies between.
    static let bounds = [PaperArm(kind: .alwaysQuick), PaperArm(kind: .alwaysDeepthink)]

    static func learners(of figure: PaperFigure) -> [PaperArm] {
        guard figure.budgets.isEmpty else {
            return figure.budgets.map { PaperArm(kind: .fittedQ, setting: figure.learningCost, budget: $0) }
        }
        return [SwitcherKind.fittedQ, .fittedQMLP].flatMap { kind in
            figure.costs.map { PaperArm(kind: kind, setting: $0) }
        }
    }

    /// Baselines have no budget to compare.
    static func baselines(of figure: PaperFigure) -> [PaperArm] {
        guard figure.budgets.isEmpty else { return [] }
        return [PaperArm(kind: .swiftSage)]
            + rates.map { PaperArm(kind: .random, setting: $0) }
            + certainties.map { PaperArm(kind: .threshold, setting: $0) }
    }

    var name: String {
        kind.rawValue + (setting.map { " \($0)" } ?? "") + (budget.map { ", at most \($0)" } ?? "")
    }

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
