import Domain

/// Values that are linear in the features, with the precision of their difference: what `FittedQ` learns.
///
/// Each value is a mean of both actions and a difference between them, so that where nothing is known of the difference,
/// nothing is claimed. With g = +1/2 for DEEPTHINK and -1/2 for QUICK:
/// `Q_R(s, g) = x (rewardMean + g rewardDifference)` and
/// `N(s, g) = [DEEPTHINK] + x (callsMean + g callsDifference)`, the calls after this step.
package struct LinearValues: Hashable, Sendable {
    /// [n], units of reward.
    package var rewardMean: [Double]
    /// [n], units of reward.
    package var rewardDifference: [Double]
    /// [n], calls.
    package var callsMean: [Double]
    /// [n], calls.
    package var callsDifference: [Double]
    /// The upper factor of the difference's precision, packed by rows, [n (n + 1) / 2]; times 1 / `noiseVariance`.
    package var differencePrecisionFactor: [Float]
    /// The variance of a step's target around its prediction, in units of reward squared.
    package var noiseVariance: Double

    package init(
        rewardMean: [Double], rewardDifference: [Double], callsMean: [Double], callsDifference: [Double],
        differencePrecisionFactor: [Float], noiseVariance: Double
    ) {
        self.rewardMean = rewardMean
        self.rewardDifference = rewardDifference
        self.callsMean = callsMean
        self.callsDifference = callsDifference
        self.differencePrecisionFactor = differencePrecisionFactor
        self.noiseVariance = noiseVariance
    }

    /// Nothing learnt: both actions are worth the same.
    init(zero n: Int) {
        let zeros = [Double](repeating: 0, count: n)
        self.init(
            rewardMean: zeros, rewardDifference: zeros, callsMean: zeros, callsDifference: zeros,
            differencePrecisionFactor: [], noiseVariance: 0)
    }

    package var featureCount: Int { rewardMean.count }

    func forecast(_ x: Span<Float>) -> Forecast {
        Forecast(
            reward: ActionValues(mean: dot(x, rewardMean.span), difference: dot(x, rewardDifference.span)),
            callsAfter: ActionValues(mean: dot(x, callsMean.span), difference: dot(x, callsDifference.span)))
    }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward.
    func deviation(_ x: Span<Float>) -> Double {
        (noiseVariance * inverseQuadraticForm(packed: differencePrecisionFactor.span, x)).squareRoot()
    }

    /// The largest difference between two weights.
    func greatestDistance(to other: Self) -> Double {
        func distance(_ weights: KeyPath<Self, [Double]>) -> Double {
            zip(self[keyPath: weights], other[keyPath: weights]).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        return max(
            distance(\.rewardMean), distance(\.rewardDifference), distance(\.callsMean), distance(\.callsDifference))
    }

    /// Goes a part of the way, 0...1, to other weights.
    mutating func move(to other: Self, by part: Double) {
        func move(_ weights: WritableKeyPath<Self, [Double]>) {
            self[keyPath: weights] = zip(self[keyPath: weights], other[keyPath: weights]).map { $0 + part * ($1 - $0) }
        }
        move(\.rewardMean)
        move(\.rewardDifference)
        move(\.callsMean)
        move(\.callsDifference)
    }
}
