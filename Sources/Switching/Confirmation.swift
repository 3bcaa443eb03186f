import Domain

/// How likely DEEPTHINK is to write just what QUICK has drafted.
///
/// A draft that DEEPTHINK confirms shows, exactly and at every call, that the call changed nothing: outcomes, one for a
/// whole episode, tell the same with all their spread. So what a call is worth is learnt as the product of two things, the
/// probability that DEEPTHINK's step is another, from each call that followed a draft, and what another step is worth, from the
/// outcomes.
struct Confirmation: Hashable, Sendable {
    /// [n], or empty where nothing is known: then DEEPTHINK's step counts as another for certain.
    var weights: [Double] = []

    /// The prior's precision around 0, in units of one call.
    private static let precision = 10.0
    /// However sure it is that both write the same, something is left to learn.
    private static let leastDisagreement = 0.02

    init(weights: [Double] = []) { self.weights = weights }

    /// Ridge regression over the calls of a replay that followed a draft.
    init(_ replay: ReplayMatrix) {
        let n = replay.featureCount
        let known = replay.steps.indices.filter { replay.steps[$0].confirmsDraft != nil }
        guard !known.isEmpty else { return }
        var precision = [Double](repeating: 0, count: n * n)
        for row in 0..<n { precision[row * n + row] = Self.precision }
        var sum = [Double](repeating: 0, count: n)
        var gram = precision.mutableSpan
        var confirmed = sum.mutableSpan
        for index in known {
            let (x, step) = (replay.features.span.extracting(replay.row(index)), replay.steps[index])
            addOuterProduct(x, by: step.weight, to: &gram)
            if step.confirmsDraft == true { addScaled(x, by: step.weight, to: &confirmed) }
        }
        weights = Cholesky(precision, count: n).solve(sum)
    }

    var isKnown: Bool { !weights.isEmpty }

    /// The probability that DEEPTHINK's step is another than QUICK's.
    func disagreement(_ x: Span<Float>) -> Double {
        isKnown ? min(max(1 - dot(x, weights.span), Self.leastDisagreement), 1) : 1
    }
}
