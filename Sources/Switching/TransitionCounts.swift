import Domain

/// What happened in each state under each action: the maximum-likelihood model of a queue's jobs. Two steps are in the
/// same state where their features are the same bits.
struct TransitionCounts {
    /// The features of each state, in the order in which they were first seen.
    private(set) var states: [[Float]] = []
    /// [2 x states], QUICK's and DEEPTHINK's of each.
    private(set) var actions: [Action] = []
    private var numbers: [[UInt32]: Int] = [:]

    /// What one action did in one state.
    struct Action {
        /// How often it was taken; an episode of less weight counts for less.
        var count = 0.0
        /// Units of reward, and their squares.
        var rewardSum = 0.0
        var rewardSquares = 0.0
        /// Where it led, and how often, in the order in which it was first seen; the rest ended the episode.
        var successors: [(state: Successor, count: Double)] = []

        var isTried: Bool { count > 0 }
    }

    struct Successor: Equatable {
        var state: Int
        var isMasked: Bool
    }

    /// - Throws: `tooManyStates` beyond the limit.
    init(_ replay: ReplayMatrix, stateLimit: Int) throws(SwitchingError) {
        let rows = replay.features
        func features(_ index: Int) -> [Float] { Array(rows[replay.row(index)]) }
        var stateOf: [Int] = []
        stateOf.reserveCapacity(replay.count)
        for index in 0..<replay.count {
            stateOf.append(add(features(index)))
            if states.count > stateLimit { throw .tooManyStates(limit: stateLimit) }
        }
        actions = [Action](repeating: Action(), count: 2 * states.count)
        for (index, step) in replay.steps.enumerated() {
            var successor: Successor?
            switch step.following {
            case .step:
                successor = Successor(state: stateOf[index + 1], isMasked: replay.steps[index + 1].isMasked)
            case .end: break
            case .final(let row, let isMasked):
                // Where nothing was ever tried in the state that it was cut off in, its future is unknown.
                guard let state = number(Array(replay.finals[replay.row(row)])) else { continue }
                successor = Successor(state: state, isMasked: isMasked)
            case .unknown: continue
            }
            actions[Self.index(stateOf[index], step.role)].add(step, successor)
        }
    }

    func action(_ state: Int, _ role: Role) -> Action { actions[Self.index(state, role)] }

    private static func index(_ state: Int, _ role: Role) -> Int { 2 * state + (role == .deepthink ? 1 : 0) }

    /// The number of a state; nil where no step was in it.
    private func number(_ features: [Float]) -> Int? { numbers[features.map(\.bitPattern)] }

    private mutating func add(_ features: [Float]) -> Int {
        let bits = features.map(\.bitPattern)
        if let number = numbers[bits] { return number }
        numbers[bits] = states.count
        states.append(features)
        return states.count - 1
    }
}

extension TransitionCounts.Action {
    fileprivate mutating func add(_ step: ReplayMatrix.Step, _ successor: TransitionCounts.Successor?) {
        count += step.weight
        rewardSum += step.weight * step.reward
        rewardSquares += step.weight * step.reward * step.reward
        guard let successor else { return }
        if let index = successors.firstIndex(where: { $0.state == successor }) {
            successors[index].count += step.weight
        } else {
            successors.append((successor, step.weight))
        }
    }
}
