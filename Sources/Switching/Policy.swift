package import Domain

/// An immutable snapshot of what a Switcher has learnt: what a decision needs, and which history it came from.
package struct Policy: Hashable, Sendable {
    package let kind: SwitcherKind
    /// Counts the snapshots of one queue from 1; a decision names the version that made it.
    package let version: Int64
    /// The encoder whose features the parameters weigh.
    package let encoderIdentity: String
    /// The pair of models whose behaviour was learnt.
    package let pairKey: String
    package let parameters: Parameters
    /// Closed episodes learnt from.
    package let episodeCount: Int
    /// The number of the last outcome that was learnt from: replaying the ledger up to it gives this policy again.
    package let throughOutcome: Int64

    package init(
        kind: SwitcherKind, version: Int64, encoderIdentity: String, pairKey: String, parameters: Parameters,
        episodeCount: Int, throughOutcome: Int64
    ) {
        self.kind = kind
        self.version = version
        self.encoderIdentity = encoderIdentity
        self.pairKey = pairKey
        self.parameters = parameters
        self.episodeCount = episodeCount
        self.throughOutcome = throughOutcome
    }

    /// Refuses a policy that was learnt over other features or another pair of models than those in use.
    package func check(encoder: HashedEncoder, pairKey: String) throws(SwitchingError) {
        if encoderIdentity != encoder.identity || parameters.featureCount != encoder.featureCount {
            throw .policyMismatch(what: "encoder", policy: encoderIdentity, inUse: encoder.identity)
        }
        if self.pairKey != pairKey { throw .policyMismatch(what: "pair", policy: self.pairKey, inUse: pairKey) }
    }

    /// Q(s, QUICK) and Q(s, DEEPTHINK) at the price `cost` of a call, in units of reward.
    /// - Precondition: `features.count == parameters.featureCount` (traps).
    package func values(_ features: [Float], cost: Double) -> ActionValues {
        parameters.values(features.span, cost: cost)
    }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward.
    /// - Precondition: `features.count == parameters.featureCount` (traps).
    package func deviation(_ features: [Float]) -> Double {
        let form = inverseQuadraticForm(packed: parameters.differencePrecisionFactor.span, features.span)
        return (parameters.noiseVariance * form).squareRoot()
    }

    /// The state is undecided: the 95 % interval of Q(s, DEEPTHINK) - Q(s, QUICK) contains 0.
    package func isUndecided(_ features: [Float], cost: Double) -> Bool {
        let values = values(features, cost: cost)
        return abs(values.deepthink - values.quick) <= 1.96 * deviation(features)
    }

    /// The numbers learnt. Reward and number of calls are kept apart, `Q = Q_R - c N`, so that the cost c can change
    /// without new data; and each as a mean of both actions and a difference between them, so that where nothing is
    /// known of the difference, nothing is claimed.
    ///
    /// With g = +1/2 for DEEPTHINK and -1/2 for QUICK:
    /// `Q_R(s, g) = x (rewardMean + g rewardDifference)` and
    /// `N(s, g) = [DEEPTHINK] + x (callsMean + g callsDifference)`, the calls after this step.
    package struct Parameters: Hashable, Sendable {
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

        package var featureCount: Int { rewardMean.count }

        func values(_ x: Span<Float>, cost: Double) -> ActionValues {
            let reward = pair(dot(x, rewardMean.span), dot(x, rewardDifference.span))
            let calls = pair(dot(x, callsMean.span), dot(x, callsDifference.span))
            return ActionValues(
                quick: reward.quick - cost * calls.quick, deepthink: reward.deepthink - cost * (1 + calls.deepthink))
        }
    }
}

/// A value for each action from their mean and their difference.
func pair(_ mean: Double, _ difference: Double) -> ActionValues {
    ActionValues(quick: mean - 0.5 * difference, deepthink: mean + 0.5 * difference)
}
