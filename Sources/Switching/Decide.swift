package import Domain

/// Chooses who writes the next step: pure, so that the same features, policy and seed always choose the same.
///
/// - `mask` comes first: where the budget cannot cover a DEEPTHINK step that action does not exist. The values are
///   still given, and `wantsDeepthink` says whether it is missed.
/// - `explorationAllowed` is false where the day's sub-budget for exploration is spent.
/// - The propensity is the exact probability of the role under these arguments, over all seeds.
/// - `price` is what pacing asks for a call on top of the cost, in units of reward; nil where the queue is not paced.
/// - Precondition: a policy of the settings' kind has as many features as `features` (traps); check it when it is
///   loaded.
package func decide(
    features: [Float], state: SwitcherState, settings: SwitcherSettings, policy: Policy?, mask: MaskReason?,
    explorationAllowed: Bool, price: Double? = nil, seed: UInt64
) -> Decision {
    let policy = policy.flatMap { $0.kind == settings.kind ? $0 : nil }
    let cost = settings.cost + (price ?? 0)
    let values = policy?.values(features, cost: cost)
    var decision = Decision(
        role: .quick, values: values, seed: seed, policyVersion: policy?.version ?? 0, price: price)
    if let mask {
        decision.maskReason = mask
        return decision
    }
    let odds = odds(
        state: state, settings: settings, greedy: policy?.greedy(features, cost: cost) ?? .quick,
        episodeCount: policy?.episodeCount ?? 0, explorationAllowed: explorationAllowed)
    var generator = SplitMix64(seed: seed)
    if generator.nextUniform() < odds.deepthink {
        decision.role = .deepthink
        decision.propensity = odds.deepthink
    } else {
        decision.propensity = 1 - odds.deepthink
    }
    if let greedy = odds.greedy { decision.isExploration = decision.role != greedy }
    return decision
}

/// Whether the Switcher would call DEEPTHINK here if the budget allowed: what a queue that holds or fails its jobs
/// needs to know at a masked step. Exploration wants nothing: no job waits for it.
package func wantsDeepthink(
    features: [Float], state: SwitcherState, settings: SwitcherSettings, policy: Policy?, price: Double? = nil,
    seed: UInt64
) -> Bool {
    var settled = settings
    settled.explorationRate = 0
    let decision = decide(
        features: features, state: state, settings: settled, policy: policy, mask: nil, explorationAllowed: false,
        price: price, seed: seed)
    return decision.role == .deepthink
}

/// While a policy has learnt from fewer episodes than this it is cold: its steps are drawn evenly more often than the
/// queue's exploration rate says, `coldRate` of them at first, falling in a straight line. Such a draw is ordinary use
/// of the day's budget and not exploration with its small cap, as there is no estimate yet that deserves the budget
/// more. A queue that forbids exploration (rate 0 or share 0) has no cold start.
let coldEpisodes = 100
let coldRate = 0.6

/// The odds of one choice.
private struct Odds {
    /// The probability of DEEPTHINK.
    var deepthink: Double
    /// What would be chosen without exploration; nil where nothing counts as exploration.
    var greedy: Role?
}

private func odds(
    state: SwitcherState, settings: SwitcherSettings, greedy: Role, episodeCount: Int, explorationAllowed: Bool
) -> Odds {
    switch settings.kind {
    case .alwaysQuick: return Odds(deepthink: 0)
    case .alwaysDeepthink: return Odds(deepthink: 1)
    case .random: return Odds(deepthink: min(max(settings.parameter, 0), 1))
    case .threshold:
        // The draft says how sure QUICK is of this step. Without one QUICK goes first, and again after each of DEEPTHINK's
        // steps: only its own last step says it.
        let last = state.lastRole == .quick ? state.quickLogProbabilities : nil
        guard let certainty = state.draft.map(\.logProbabilities) ?? last else { return Odds(deepthink: 0) }
        return Odds(deepthink: certainty.mean < settings.parameter ? 1 : 0)
    case .swiftSage: return Odds(deepthink: swiftSageRole(state) == .deepthink ? 1 : 0)
    case .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit: break
    }
    let choice = ChoiceOdds(settings: settings, episodeCount: episodeCount)
    switch greedy {
    case .deepthink: return Odds(deepthink: 1 - choice.drawRate / 2, greedy: choice.isCold ? nil : greedy)
    case .quick:
        let isDrawn = choice.isCold || explorationAllowed
        return Odds(deepthink: isDrawn ? choice.drawRate / 2 : 0, greedy: choice.isCold ? nil : greedy)
    }
}

/// How a switcher that learns departs from its greedy choice.
struct ChoiceOdds {
    /// It has learnt from too few episodes to be trusted alone.
    let isCold: Bool
    /// How often a choice is drawn evenly, 0...1.
    let drawRate: Double

    init(settings: SwitcherSettings, episodeCount: Int) {
        isCold = settings.explorationRate > 0 && settings.explorationShare > 0 && episodeCount < coldEpisodes
        let rate = min(max(settings.explorationRate, 0), 1)
        let cold = isCold ? coldRate * (1 - Double(episodeCount) / Double(coldEpisodes)) : 0
        drawRate = max(rate, cold)
    }

    /// The probability of DEEPTHINK in a state, but for what counts as exploration.
    func demand(isGreedy: Bool) -> Double {
        if isGreedy { return 1 - drawRate / 2 }
        return isCold ? drawRate / 2 : 0
    }

    /// The probability of a DEEPTHINK call that counts as exploration, where it is allowed.
    func exploration(isGreedy: Bool) -> Double { isGreedy || isCold ? 0 : drawRate / 2 }
}
