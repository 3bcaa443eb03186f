import Domain

/// Turns what the Switcher sees into numbers: a few named ones, then words in buckets: those of the question, the same once
/// more at the first step alone, where much of what a question needs is decided, those of the last step and of QUICK's draft.
/// Small, since it has to be learnt from hundreds of jobs; on `londi-bench switcher`, whose jobs have 90 words, 96 to 384 buckets
/// do equally well.
///
/// Only additions, multiplications, divisions and square roots, which IEEE 754 rounds alike everywhere: the same state
/// gives the same bits on every machine. (libm's logarithms and sines differ in the last bit between machines.)
package struct HashedEncoder: FeatureEncoder, Hashable {
    /// Buckets for text, >= 8: a half for the question, a quarter for the first step's, an eighth for the last step and for
    /// the draft.
    package let bucketCount: Int

    /// Of a longer question the first and the last half of this many bytes are read.
    static let questionByteLimit = 3072
    /// Of what a step wrote the last bytes are read.
    static let stepByteLimit = 512

    package init(bucketCount: Int = 384) {
        precondition(bucketCount >= 8, "an encoder needs 8 buckets or more, not \(bucketCount)")
        self.bucketCount = bucketCount
    }

    /// Names the features' meaning: a policy fits only the encoder whose identity it carries.
    package var identity: String { "hashed-\(encoderVersion)-\(bucketCount)" }

    package var textNames: [String] {
        let parts = [
            (questionBuckets, "question"), (firstBuckets, "first step's question"), (stepBuckets, "last step's"),
            (stepBuckets, "draft's"),
        ]
        return parts.flatMap { count, owner in (0..<count).map { "\(owner) words \($0)" } }
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
        let question = questionWords(state.question)
        let first = state.stepIndex == 0 ? question : TextWords()
        return question.buckets(questionBuckets, salt: 0x51) + first.buckets(firstBuckets, salt: 0x15)
            + stepWords(state.lastText).buckets(stepBuckets, salt: 0xA7)
            + stepWords(state.draft?.text ?? "").buckets(stepBuckets, salt: 0xD7)
    }

    private func questionWords(_ question: String) -> TextWords {
        var words = TextWords()
        let bytes = question.utf8.span
        if bytes.count <= Self.questionByteLimit {
            words.add(bytes)
        } else {
            words.add(bytes.extracting(first: Self.questionByteLimit / 2))
            words.add(bytes.extracting(last: Self.questionByteLimit / 2))
        }
        return words
    }

    private func stepWords(_ text: String) -> TextWords {
        var words = TextWords()
        let bytes = text.utf8.span
        words.add(bytes.extracting(last: min(bytes.count, Self.stepByteLimit)))
        return words
    }

    private var stepBuckets: Int { bucketCount / 8 }
    private var firstBuckets: Int { bucketCount / 4 }
    private var questionBuckets: Int { bucketCount - firstBuckets - 2 * stepBuckets }

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
