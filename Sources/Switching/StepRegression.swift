import Domain

/// The Bayesian linear regression of `FittedQ` on the taught steps of a replay, factored once and solved for many targets.
///
/// It has one unknown for each weight or, if the steps are fewer, one for each step. Both give the same weights but for
/// rounding: `(D + ZT W Z)^-1 ZT W y = D^-1 ZT (Z D^-1 ZT + W^-1)^-1 y`, where a row of Z is `[x, g x]`, D the precision of
/// the prior and W the steps' weights. A young queue has 100 steps and 1,000 weights.
/// - Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 2.1.2 and appendix A.3.
struct StepRegression {
    private enum Form {
        case weights(Cholesky)
        /// With the replay's rows that are taught.
        case steps(Cholesky, rows: [Int])
    }

    private let replay: ReplayMatrix
    private let priors: FittedQ
    private let form: Form

    init(_ replay: ReplayMatrix, _ priors: FittedQ) {
        self.replay = replay
        self.priors = priors
        let rows = (0..<replay.count).filter { replay.steps[$0].isTaught }
        form =
            rows.count < 2 * replay.featureCount
            ? .steps(Cholesky(Self.covariance(replay, rows, priors), count: rows.count), rows: rows)
            : .weights(Cholesky(priors.precision(of: replay), count: 2 * replay.featureCount))
    }

    /// The weights that fit the targets best.
    func solve(_ targets: Targets) -> LinearValues {
        switch form {
        case .weights(let factor): return priors.solve(factor, replay, targets)
        case .steps(let factor, let rows):
            let (reward, calls) = factor.solve(rows.map { targets.reward[$0] }, rows.map { targets.calls[$0] })
            var learnt = LinearValues(zero: 0)
            (learnt.rewardMean, learnt.rewardDifference) = weights(reward, rows)
            (learnt.callsMean, learnt.callsDifference) = weights(calls, rows)
            return learnt
        }
    }

    private func weights(_ shares: [Double], _ rows: [Int]) -> (mean: [Double], difference: [Double]) {
        var mean = [Double](repeating: 0, count: replay.featureCount)
        var difference = mean
        for (row, share) in zip(rows, shares) {
            let half = replay.steps[row].role == .deepthink ? 0.5 : -0.5
            var ofMean = mean.mutableSpan
            addScaled(
                replay.features.span.extracting(replay.row(row)), by: share / priors.meanPrecision, to: &ofMean)
            var ofDifference = difference.mutableSpan
            addScaled(
                replay.features.span.extracting(replay.row(row)), by: share * half / priors.differencePrecision,
                to: &ofDifference)
        }
        return (mean, difference)
    }

    /// `Z D^-1 ZT + W^-1`, [rows, rows] row-major, upper triangle.
    private static func covariance(_ replay: ReplayMatrix, _ rows: [Int], _ priors: FittedQ) -> [Double] {
        let count = rows.count
        var covariance = [Double](repeating: 0, count: count * count)
        for (place, row) in rows.enumerated() {
            let step = replay.steps[row]
            let features = replay.features[replay.row(row)].map { Double($0) }
            for other in place..<count {
                let isSame = replay.steps[rows[other]].role == step.role
                let product = dot(replay.features.span.extracting(replay.row(rows[other])), features.span)
                covariance[place * count + other] =
                    product / priors.meanPrecision + (isSame ? 0.25 : -0.25) * product / priors.differencePrecision
            }
            covariance[place * count + place] += 1 / step.weight
        }
        return covariance
    }
}
