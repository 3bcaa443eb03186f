import Control
import Domain

extension Command {
    static let policyEvaluate = Command(
        words: ["policy", "evaluate"],
        summary: "Estimate what a policy would have come to in the queue's judged jobs, at another price or call limit",
        arguments: ["QUEUE"],
        options: [
            CommandOption("cost", "C", "the price of a DEEPTHINK call; the queue's by default"),
            CommandOption("budget", "N", "at most so many DEEPTHINK calls a job"),
            CommandOption(
                "kind", "KIND", "fitted-q or a baseline: always-quick, random, ...; the queue's by default",
                choices: SwitcherKind.words),
            CommandOption("parameter", "P", "of a random or threshold switcher"),
        ],
        examples: ["policy evaluate maths --cost 0.1", "policy evaluate maths --budget 2 --json"], output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let parameters = EvaluatePolicy.Parameters(
            queue: queue, cost: try invocation.number("cost"), budget: try invocation.integer("budget"),
            kind: try invocation.word("kind", SwitcherKind.self), parameter: try invocation.number("parameter"))
        var listing = try Listing(EvaluationText.columns, invocation)
        let reply = try await Session(invocation).call(EvaluatePolicy.self, parameters)
        listing.print(reply.policies, of: reply)
        if !invocation.isSet("json") { EvaluationText.warn(reply.policies, invocation.console) }
        return .ok
    }
}

/// Estimates for people.
enum EvaluationText {
    static let columns: [Column<EvaluationView>] = [
        Column("policy") { name($0) },
        Column("cost", isRight: true) { Phrase.number($0.cost) },
        Column("reward", isRight: true) { Phrase.number($0.estimate.reward.value) },
        Column("reward_interval") { Phrase.interval($0.estimate.reward) },
        Column("calls", isRight: true) { Phrase.number($0.estimate.calls.value) },
        Column("calls_interval") { Phrase.interval($0.estimate.calls) },
        Column("net", isRight: true) { Phrase.number($0.estimate.net.value) },
        Column("net_interval") { Phrase.interval($0.estimate.net) },
        Column("episodes", isRight: true) { "\($0.estimate.episodeCount)" },
        Column("effective", isRight: true) { Phrase.number($0.estimate.effectiveCount, digits: 1) },
        Column("unsupported", isRight: true, isDefault: false) { Phrase.share($0.estimate.unsupportedShare) },
        Column("sampled_net", isRight: true, isDefault: false) { Phrase.reward($0.importanceSampled?.net.value) },
        Column("sampled_interval", isDefault: false) { Phrase.interval($0.importanceSampled?.net) },
        Column("share", isRight: true, isDefault: false) { Phrase.share($0.callShare) },
    ]

    static func name(_ view: EvaluationView) -> String {
        view.policy.rawValue + (view.parameter.map { " \(Phrase.number($0))" } ?? "")
    }

    /// Says which estimates stand on too little.
    static func warn(_ views: [EvaluationView], _ console: Console) {
        for view in views {
            if view.estimate.hasLittleOverlap {
                console.complain(
                    "\(name(view)) at cost \(Phrase.number(view.cost)): hardly any job went its way (worth "
                        + "\(Phrase.number(view.estimate.effectiveCount, digits: 1)) of its own), so the estimate is mostly "
                        + "the model's guess; do not trust the interval\n"
                )
            }
            if view.estimate.unsupportedShare > 0.05 {
                console.complain(
                    "\(name(view)) at cost \(Phrase.number(view.cost)): in "
                        + "\(Phrase.share(view.estimate.unsupportedShare)) of the jobs it wants what was never tried; "
                        + "there the estimate is the model's guess\n")
            }
        }
    }
}
