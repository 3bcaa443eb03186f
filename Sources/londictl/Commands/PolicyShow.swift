import Control
import Domain

extension Command {
    static let policyShow = Command(
        words: ["policy", "show"], summary: "Show what a queue's Switcher has learnt", arguments: ["QUEUE"],
        examples: ["policy show maths", "policy show maths --json"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let session = try Session(invocation)
        let policy = try await session.call(ShowPolicy.self, .init(queue: queue)).policy
        invocation.write(policy, orText: text(of: policy))
        if !invocation.isForMachines,
            let pacing = try await session.call(ShowBudgets.self, .init(queue: queue)).budgets.first?.pacing
        {
            invocation.console.write("Price now: \(Phrase.pacing(pacing))\n")
        }
        return .ok
    }
}

extension PolicyView {
    /// Its episodes have shaped it; other kinds, and one without a version yet, only count them.
    fileprivate var isLearnt: Bool { settings.kind.learns && version > 0 }
}

private func text(of policy: PolicyView) -> String {
    let settings = policy.settings
    let quick = policy.steps.reduce(0) { $0 + $1.quick }
    let deepthink = policy.steps.reduce(0) { $0 + $1.deepthink }
    let share = quick + deepthink == 0 ? nil : Double(deepthink) / Double(quick + deepthink)
    let masks = policy.masks.map { "\($0.count) by \($0.reason.rawValue)" }.joined(separator: ", ")
    let episodes = Phrase.count(policy.episodeCount, policy.isLearnt ? "episode" : "judged episode")
    var text = """
        Policy of \(policy.queue): \(settings.kind.rawValue), version \(policy.version)
          QUICK: \(policy.pair.quick)
          DEEPTHINK: \(policy.pair.deepthink)
          encoder: \(policy.encoder)
          cost \(Phrase.number(settings.cost)), exploration rate \(Phrase.number(settings.explorationRate)), at most \
        \(Phrase.share(settings.explorationShare)) of a day's calls
          \(policy.isLearnt ? "learnt from " : "")\(episodes); mean reward \(Phrase.reward(policy.meanReward))
          steps: \(quick) QUICK, \(deepthink) DEEPTHINK (\(Phrase.share(share))); \(policy.explorationCount) explored; \
        masked: \(masks.isEmpty ? "none" : masks)
          undecided: \(Phrase.share(policy.undecidedShare))

        """
    if policy.draftedCallCount > 0 {
        let (confirmed, calls) = (policy.confirmedDraftCount, policy.draftedCallCount)
        text += "  DEEPTHINK wrote just what QUICK had drafted in \(confirmed) of \(Phrase.count(calls, "call"))\n"
    }
    if let values = policy.meanValues {
        text +=
            "  in recent states: DEEPTHINK preferred in \(Phrase.share(policy.activationShare)); mean values QUICK "
            + "\(Phrase.number(values.quick)), DEEPTHINK \(Phrase.number(values.deepthink))\n"
    }
    if let state = policy.state, state.isFrozen {
        let acts = state.standIn.map { "always \(Phrase.role($0)) acts in its place" } ?? "its version goes on acting"
        text +=
            "  FROZEN by \(state.user ?? "londid") at \(RFC3339.text(of: state.at)): \(acts)\n"
            + "    \(Plain.text(state.reason, keepsLines: false)); londictl policy thaw \(policy.queue) ends that\n"
    }
    if !policy.steps.isEmpty {
        text += "DEEPTHINK by step:\n"
        for step in policy.steps {
            let all = step.quick + step.deepthink
            text += "  \(step.index)\t\(bar(step.deepthink, of: all)) \(step.deepthink) of \(all)\n"
        }
    }
    if !policy.activations.isEmpty {
        text += "DEEPTHINK preferred in recent states, by feature:\n"
        for feature in policy.activations {
            text += "  \(feature.name)\n"
            for bucket in feature.buckets {
                let range = "\(Phrase.number(bucket.least, digits: 2)) to \(Phrase.number(bucket.greatest, digits: 2))"
                let padding = String(repeating: " ", count: max(0, 16 - range.count))
                let counts = "\(bucket.activated) of \(bucket.steps)"
                text += "    \(range)\(padding)\(bar(bucket.activated, of: bucket.steps)) \(counts)\n"
            }
        }
    }
    if !policy.features.isEmpty {
        text += "Strongest features (what one unit adds to the value of DEEPTHINK over QUICK):\n"
        let width = policy.features.map(\.name.count).max() ?? 0
        for feature in policy.features {
            let padding = String(repeating: " ", count: width - feature.name.count)
            text += "  \(feature.name)\(padding)  \(Phrase.number(feature.difference))\n"
        }
    }
    return text
}

/// `[#####...............]`, twenty cells.
private func bar(_ part: Int, of all: Int) -> String {
    Chart.bar(all == 0 ? 0 : (part * 20 + all / 2) / all, of: 20)
}
