package import Domain

/// Discrete soft actor-critic: the family of the paper's own learner. It learns from scratch from all closed episodes as
/// from a replay buffer; per update:
///
/// 1. draw a minibatch of steps;
/// 2. ask actor and target critics what the states after them are worth: `V = pi (min(Q1, Q2) - alpha log pi)`, where a
///    masked DEEPTHINK has no part in pi;
/// 3. move both critics' outputs for the action taken towards `r + gamma V`;
/// 4. move the actor down `pi (alpha log pi - min(Q1, Q2))`, but not in masked states, where it has no choice;
/// 5. let the target critics follow, and the temperature alpha fall.
///
/// The critics learn reward, calls and entropy apart, `Q = Q_R - c N + alpha H`, so that what is forecast holds at any
/// cost and without alpha. Alpha is annealed to nearly 0 instead of holding the entropy at a target: with two actions the
/// usual target of 0.98 ln 2 forces a third of the choices to be the worse one, whatever the cost (paper.md, trap 3).
/// In use the actor acts greedily; exploration is `decide`'s, with its propensity logged.
/// - Source: Christodoulou, "Soft actor-critic for discrete action settings", 2019; Haarnoja et al., 2018; paper.md
///   sections 2 and 4.
package struct SoftActorCritic: Learner {
    /// gamma. Jobs end, so the future counts in full.
    package var discount = 1.0
    package var widths = HiddenWidths(64, 64)
    package var batchSize = 64
    /// How often each step is drawn, on average, within the limits of the number of updates.
    package var passes = 40
    package var updates = 3_000...6_000
    /// Of Adam, for critics and actor, falling to 0 in a straight line.
    package var learningRate = 2e-3
    /// tau: the part of the way that the target critics go in one update. Larger than usual, as updates are few: what a
    /// reward is worth k steps earlier arrives after some k / tau of them.
    package var targetRate: Float = 0.02
    /// alpha at the beginning and at the end, in units of the greatest sum of rewards; it falls along a parabola.
    package var temperatures = (first: 0.2, last: 0.002)
    package var seed: UInt64 = 1

    package init() {}

    package var kind: SwitcherKind { .sac }

    package func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        let replay = try ReplayMatrix(episodes, featureCount: featureCount)
        let bounds = ReturnBounds(episodes, discount: discount)
        let transitions = Transitions(replay)
        var training = ActorCriticTraining(
            featureCount: featureCount, widths: widths, batchSize: batchSize, seed: seed, bounds: bounds,
            discount: discount, cost: settings.cost)
        var generator = SplitMix64(seed: mixed(seed))
        let wanted = passes * replay.count / batchSize
        let count = transitions.taught.isEmpty ? 0 : min(max(wanted, updates.lowerBound), updates.upperBound)
        for update in 0..<count {
            try goOn()
            let left = 1 - Double(update) / Double(count)
            training.temperature = temperatures.last + (temperatures.first - temperatures.last) * left * left
            let rate = Float(learningRate * left)
            training.draw(transitions, using: &generator)
            training.lookAhead(transitions)
            training.stepCritics(transitions, rate: rate)
            training.stepActor(transitions, rate: rate)
            training.followCritics(by: targetRate)
        }
        return .actorCritic(training.actorCritic)
    }
}

/// The steps of a replay with what follows each, as SAC draws them.
private struct Transitions {
    var steps: [ReplayMatrix.Step]
    /// The features of all steps and then of all final states, row-major.
    var features: [Float]
    /// [steps]: the row of the state that follows, -1 where the episode ended.
    var next: [Int]
    /// [steps]: DEEPTHINK is masked in the state that follows.
    var isNextMasked: [Bool]
    /// The steps whose target is known.
    var taught: [Int]

    init(_ replay: ReplayMatrix) {
        steps = replay.steps
        features = replay.features + replay.finals
        next = [Int](repeating: -1, count: replay.count)
        isNextMasked = [Bool](repeating: false, count: replay.count)
        taught = replay.steps.indices.filter { replay.steps[$0].isTaught }
        for index in replay.steps.indices {
            switch replay.steps[index].following {
            case .step:
                next[index] = index + 1
                isNextMasked[index] = replay.steps[index + 1].isMasked
            case .final(let row, let isMasked):
                next[index] = replay.count + row
                isNextMasked[index] = isMasked
            case .end, .unknown: break
            }
        }
    }
}

/// The networks in training, in units of the greatest sum of rewards, and the room for one minibatch.
private struct ActorCriticTraining {
    /// alpha.
    var temperature = 0.0
    private var actor: NetworkTraining
    private var critics: [NetworkTraining]
    private var targets: [Network]
    private let scales: OutputScales
    private let bounds: ReturnBounds
    private let discount: Double
    private let cost: Double
    /// The steps drawn, and the rows that follow them.
    private var batch: [Int]
    private var next: [Int]
    private var nextFeatures: [Float]
    private var ofActor: Activations
    private var ofTargets: [Activations]
    /// [batch]: what the states after the batch's steps are worth.
    private var futures: [Outlook]

    /// Reward, calls and entropy to come, in the outputs' scale.
    private struct Outlook {
        var reward = 0.0
        var calls = 0.0
        var entropy = 0.0
    }

    init(
        featureCount: Int, widths: HiddenWidths, batchSize: Int, seed: UInt64, bounds: ReturnBounds, discount: Double,
        cost: Double
    ) {
        let networks = (0..<3).map { Network(featureCount: featureCount, widths: widths, seed: seed &+ $0) }
        actor = NetworkTraining(networks[0], rows: batchSize)
        critics = networks[1...].map { NetworkTraining($0, rows: batchSize) }
        targets = Array(networks[1...])
        scales = OutputScales(bounds)
        self.bounds = bounds
        self.discount = discount
        self.cost = cost
        batch = [Int](repeating: 0, count: batchSize)
        next = batch
        nextFeatures = [Float](repeating: 0, count: batchSize * featureCount)
        ofActor = Activations(of: networks[0], rows: batchSize)
        ofTargets = [ofActor, ofActor]
        futures = [Outlook](repeating: Outlook(), count: batchSize)
    }

    var actorCritic: ActorCritic {
        ActorCritic(actor: actor.network, critics: critics.map(\.network), scales: scales, cost: cost)
    }

    mutating func draw(_ transitions: Transitions, using generator: inout SplitMix64) {
        for row in batch.indices {
            batch[row] = generator.pick(from: transitions.taught)
            next[row] = transitions.next[batch[row]]
        }
    }

    /// Sets `futures`.
    mutating func lookAhead(_ transitions: Transitions) {
        let rows = batch.count
        copyRows(next, of: transitions.features, width: targets[0].first.inputCount, into: &nextFeatures)
        let features = nextFeatures
        actor.network.run(features.span, rows: rows, &ofActor)
        for index in targets.indices { targets[index].run(features.span, rows: rows, &ofTargets[index]) }
        for row in 0..<rows {
            futures[row] =
                next[row] < 0
                ? Outlook() : future(row: row, isMasked: transitions.isNextMasked[batch[row]])
        }
    }

    private func future(row: Int, isMasked: Bool) -> Outlook {
        let quick = lesser(ofTargets[0], ofTargets[1], row: row, .quick)
        if isMasked { return bounded(quick) }
        let deepthink = lesser(ofTargets[0], ofTargets[1], row: row, .deepthink)
        let logit = Double(ofActor.outputs[row * Network.outputCount])
        let odds = logistic(logit)
        let entropy = odds * softplus(-logit) + (1 - odds) * softplus(logit)
        return bounded(
            Outlook(
                reward: (1 - odds) * quick.reward + odds * deepthink.reward,
                calls: (1 - odds) * quick.calls + odds * (1 / scales.calls + deepthink.calls),
                entropy: entropy / scales.calls + (1 - odds) * quick.entropy + odds * deepthink.entropy))
    }

    /// Neither reward nor calls can leave the range that episodes can have.
    private func bounded(_ outlook: Outlook) -> Outlook {
        Outlook(
            reward: bounds.reward(scales.reward * outlook.reward) / scales.reward,
            calls: bounds.calls(scales.calls * outlook.calls) / scales.calls, entropy: max(0, outlook.entropy))
    }

    /// What the critic that values an action less says of it.
    private func lesser(_ one: Activations, _ other: Activations, row: Int, _ role: Role) -> Outlook {
        let first = outlook(one, row: row, role)
        let second = outlook(other, row: row, role)
        return softValue(first) <= softValue(second) ? first : second
    }

    private func outlook(_ activations: Activations, row: Int, _ role: Role) -> Outlook {
        let (reward, calls, entropy) = (
            activations.pair(0, row: row), activations.pair(1, row: row), activations.pair(2, row: row)
        )
        return role == .quick
            ? Outlook(reward: reward.quick, calls: calls.quick, entropy: entropy.quick)
            : Outlook(reward: reward.deepthink, calls: calls.deepthink, entropy: entropy.deepthink)
    }

    /// `Q_R - c N + alpha H` without the price of this step's own call, in units of the greatest sum of rewards.
    private func softValue(_ outlook: Outlook) -> Double {
        outlook.reward - cost / scales.reward * scales.calls * outlook.calls
            + temperature * scales.calls * outlook.entropy
    }

    mutating func stepCritics(_ transitions: Transitions, rate: Float) {
        for index in critics.indices {
            critics[index].gather(batch, of: transitions.features)
            critics[index].run()
            for row in batch.indices {
                let step = transitions.steps[batch[row]]
                let weight = step.weight / Double(batch.count)
                let future = futures[row]
                critics[index].setError(
                    row: row, pair: 0, role: step.role, target: step.reward / scales.reward + discount * future.reward,
                    weight: weight)
                critics[index].setError(
                    row: row, pair: 1, role: step.role, target: discount * future.calls, weight: weight)
                critics[index].setError(
                    row: row, pair: 2, role: step.role, target: discount * future.entropy, weight: weight)
            }
            critics[index].setGradients()
            critics[index].step(rate: rate)
        }
    }

    /// With pi = logistic(l) the loss' slope in l is `pi (1 - pi) (alpha l - (Q(DEEPTHINK) - Q(QUICK)))`.
    mutating func stepActor(_ transitions: Transitions, rate: Float) {
        actor.gather(batch, of: transitions.features)
        actor.run()
        for row in batch.indices {
            let step = transitions.steps[batch[row]]
            let index = row * Network.outputCount
            if step.isMasked {
                actor.outputErrors[index] = 0
                continue
            }
            let quick = softValue(lesser(critics[0].activations, critics[1].activations, row: row, .quick))
            let deepthink =
                softValue(lesser(critics[0].activations, critics[1].activations, row: row, .deepthink))
                - cost / scales.reward
            let logit = Double(actor.activations.outputs[index])
            let odds = logistic(logit)
            let slope = odds * (1 - odds) * (temperature * logit - (deepthink - quick))
            actor.outputErrors[index] = Float(step.weight / Double(batch.count) * slope)
        }
        actor.setGradients()
        actor.step(rate: rate)
    }

    mutating func followCritics(by part: Float) {
        for index in targets.indices { targets[index].move(to: critics[index].network, by: part) }
    }
}
