import Domain

/// Turns what the Switcher sees into numbers: a few named ones, then the words of the question and of the answer's tail
/// in buckets, which goes on with QUICK's draft where there is one. Small on purpose, since it has to be learnt from hundreds of jobs.
///
/// Only additions, multiplications, divisions and square roots, which IEEE 754 rounds alike everywhere: the same state
/// gives the same bits on every machine. (libm's logarithms and sines differ in the last bit between machines.)
package struct HashedEncoder: FeatureEncoder, Hashable {
    /// Buckets for text, >= 4: three quarters for the question, one quarter for the answer's tail.
    package let bucketCount: Int

    /// Of a longer question the first and the last half of this many bytes are read.
    static let questionByteLimit = 4096
    /// Of the answer, as it would be with the draft, the last bytes are read.
    static let tailByteLimit = 512

    package init(bucketCount: Int = 128) {
        precondition(bucketCount >= 4, "an encoder needs 4 buckets or more, not \(bucketCount)")
        self.bucketCount = bucketCount
    }

    /// Names the features' meaning: a policy fits only the encoder whose identity it carries.
    package var identity: String { "hashed-\(readableVersion)-\(bucketCount)" }

    package var textNames: [String] {
        (0..<questionBuckets).map { "question words \($0)" } + (0..<tailBuckets).map { "answer words \($0)" }
    }

    /// The features that a person can read, which come first; each lies between -1 and 1.
    package static let denseNames = [
        "bias", "step", "first step", "last step", "question length", "answer length", "last step's tokens",
        "QUICK's certainty unknown", "QUICK's worst token", "QUICK's lower quartile", "QUICK's median token",
        "QUICK's mean token", "steps since QUICK", "budget left", "time of day, sine", "time of day, cosine",
        "QUICK wrote last", "DEEPTHINK wrote last", "last step repeated", "repeats", "steps without progress",
        "DEEPTHINK's steps", "DEEPTHINK in a row", "job's calls left", "draft", "draft ends the turn", "draft was cut",
        "draft's tokens", "draft's certainty unknown", "draft's worst token", "draft's lower quartile",
        "draft's median token", "draft's mean token", "draft repeats",
    ]

    /// The mean log-probability at or below which QUICK counts as wholly unsure, with its sign changed.
    static let meanDoubtScale = 2.0

    /// The features of one state, `featureCount` of them, all finite.
    package func encode(_ state: SwitcherState) -> [Float] {
        encode(state, text: text(of: state))
    }

    /// What is made of a state's texts.
    package func text(of state: SwitcherState) -> [Float] {
        var question = TextBuckets(count: questionBuckets, salt: 0x51)
        let questionBytes = state.question.utf8.span
        if questionBytes.count <= Self.questionByteLimit {
            question.add(questionBytes)
        } else {
            question.add(questionBytes.extracting(first: Self.questionByteLimit / 2))
            question.add(questionBytes.extracting(last: Self.questionByteLimit / 2))
        }

        var tail = TextBuckets(count: tailBuckets, salt: 0xA7)
        let answer = state.answerWithDraft
        let answerBytes = answer.utf8.span
        tail.add(answerBytes.extracting(last: min(answerBytes.count, Self.tailByteLimit)))
        return question.normalised() + tail.normalised()
    }

    private var questionBuckets: Int { bucketCount - tailBuckets }
    private var tailBuckets: Int { bucketCount / 4 }

    /// The readable features, in the order of `denseNames`.
    static func dense(_ state: SwitcherState) -> [Float] {
        var features: [Float] = []
        features.reserveCapacity(denseNames.count)
        let certainty = state.quickLogProbabilities
        let maxSteps = max(1, state.maxSteps)
        features.append(1)
        features.append(share(Double(state.stepIndex) / Double(maxSteps)))
        features.append(state.stepIndex == 0 ? 1 : 0)
        features.append(state.stepIndex + 1 >= maxSteps ? 1 : 0)
        features.append(magnitude(state.question.utf8.count))
        features.append(magnitude(state.answer.utf8.count))
        features.append(magnitude(state.lastStepTokens))
        features.append(certainty == nil ? 1 : 0)
        features.append(doubt(certainty?.minimum, scale: 10))
        features.append(doubt(certainty?.lowerQuartile, scale: 4))
        features.append(doubt(certainty?.median, scale: 2))
        features.append(doubt(certainty?.mean, scale: Self.meanDoubtScale))
        features.append(state.stepsSinceQuick.map { share(Double($0) / 4) } ?? 1)
        features.append(share(state.remainingBudgetShare))
        features.append(sineOfTurn(state.dayFraction))
        features.append(sineOfTurn(state.dayFraction + 0.25))
        features.append(state.lastRole == .quick ? 1 : 0)
        features.append(state.lastRole == .deepthink ? 1 : 0)
        features.append(state.repeats > 0 ? 1 : 0)
        features.append(share(Double(state.repeats) / 4))
        features.append(share(Double(state.emptySteps) / 4))
        features.append(share(Double(state.deepthinkSteps) / 8))
        features.append(share(Double(state.deepthinkInARow) / 4))
        features.append(share(state.remainingJobShare))
        appendDraft(state, to: &features)
        return features
    }

    /// All 0 without a draft.
    private static func appendDraft(_ state: SwitcherState, to features: inout [Float]) {
        let draft = state.draft
        let certainty = draft?.logProbabilities
        features.append(draft == nil ? 0 : 1)
        features.append(draft?.stopReason == .endOfTurn ? 1 : 0)
        features.append(draft?.stopReason == .length || draft?.stopReason == .timeLimit ? 1 : 0)
        features.append(magnitude(Int(draft?.generatedTokens ?? 0)))
        features.append(draft != nil && certainty == nil ? 1 : 0)
        features.append(doubt(certainty?.minimum, scale: 10))
        features.append(doubt(certainty?.lowerQuartile, scale: 4))
        features.append(doubt(certainty?.median, scale: 2))
        features.append(doubt(certainty?.mean, scale: Self.meanDoubtScale))
        features.append(state.draftRepeats > 0 ? 1 : 0)
    }
}

/// `value` cut to 0...1; 0 for what is not a number.
private func share(_ value: Double) -> Float {
    value > 0 ? Float(min(value, 1)) : 0
}

/// How unsure a log-probability (<= 0) is: 0 certain, 1 at -`scale` or below. The root spreads the usual small values.
private func doubt(_ logProbability: Double?, scale: Double) -> Float {
    share((-(logProbability ?? 0) / scale)).squareRoot()
}

/// A count's order of magnitude, 0 for 0 and 1 for 65,535 or more: the base-2 logarithm of `count + 1`, with straight
/// lines between the powers of 2.
private func magnitude(_ count: Int) -> Float {
    let shifted = Float(max(0, min(count, 65_535))) + 1
    return min(1, (Float(shifted.exponent) + shifted.significand - 1) / 16)
}

/// sin(2 pi `turn`), within 0.002.
/// - Source: Bhaskara I's rational approximation, 7th century.
private func sineOfTurn(_ turn: Double) -> Float {
    guard turn.isFinite else { return 0 }
    let fraction = turn - turn.rounded(.down)
    let half = fraction < 0.5 ? 2 * fraction : 2 * fraction - 1
    let product = half * (1 - half)
    let sine = 16 * product / (5 - 4 * product)
    return Float(fraction < 0.5 ? sine : -sine)
}
