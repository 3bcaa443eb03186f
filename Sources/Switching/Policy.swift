package import Domain

/// An immutable snapshot of what a Switcher has learnt: what a decision needs, and which history it came from.
package struct Policy: Hashable, Sendable {
    package let kind: SwitcherKind
    /// Counts the snapshots of one queue from 1; a decision names the version that made it.
    package let version: Int64
    /// The encoder whose features the body weighs.
    package let encoderIdentity: String
    /// The pair of models whose behaviour was learnt.
    package let pairKey: String
    package let body: PolicyBody
    /// Closed episodes learnt from.
    package let episodeCount: Int
    /// The number of the last outcome that was learnt from: replaying the ledger up to it gives this policy again.
    package let throughOutcome: Int64
    /// The role that is preferred everywhere in place of the policy's own choice, while it is frozen; no part of its
    /// bytes.
    package var standIn: Role?

    package init(
        kind: SwitcherKind, version: Int64, encoderIdentity: String, pairKey: String, body: PolicyBody,
        episodeCount: Int, throughOutcome: Int64
    ) {
        self.kind = kind
        self.version = version
        self.encoderIdentity = encoderIdentity
        self.pairKey = pairKey
        self.body = body
        self.episodeCount = episodeCount
        self.throughOutcome = throughOutcome
    }

    /// Refuses a policy that was learnt over other features or another pair of models than those in use.
    package func check(encoder: some FeatureEncoder, pairKey: String) throws(SwitchingError) {
        if encoderIdentity != encoder.identity || body.featureCount != encoder.featureCount {
            throw .policyMismatch(what: "encoder", policy: encoderIdentity, inUse: encoder.identity)
        }
        if self.pairKey != pairKey { throw .policyMismatch(what: "pair", policy: self.pairKey, inUse: pairKey) }
    }

    /// Q(s, QUICK) and Q(s, DEEPTHINK) at the price `cost` of a call, in units of reward.
    /// - Precondition: `features.count == body.featureCount` (traps).
    package func values(_ features: [Float], cost: Double) -> ActionValues {
        body.forecast(features.span).values(cost: cost)
    }

    /// What is chosen without exploration, as the body says; the stand-in where there is one.
    /// - Precondition: as `values`.
    package func greedy(_ features: [Float], cost: Double) -> Role {
        standIn ?? body.greedy(features.span, cost: cost)
    }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward.
    /// - Precondition: as `values`.
    package func deviation(_ features: [Float]) -> Double { body.deviation(features.span) }

    /// The state is undecided: the 95 % interval of Q(s, DEEPTHINK) - Q(s, QUICK) contains 0.
    package func isUndecided(_ features: [Float], cost: Double) -> Bool {
        let values = values(features, cost: cost)
        return abs(values.deepthink - values.quick) <= 1.96 * deviation(features)
    }
}
