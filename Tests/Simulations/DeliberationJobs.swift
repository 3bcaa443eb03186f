package import Domain
package import Switching

/// Reasoning jobs of six families with delayed consequences, simulated: five steps, the answer is right at the end where no
/// error is left in it, and the verdict comes only then. What the Switcher sees says something of the family and of what
/// is coming, never everything: words of the question, words of the text so far, how sure QUICK was.
package struct DeliberationJobs: Sendable {
    package static let stepCount = 5
    static let questionWordCount = 12
    static let familyWordCount = 4

    /// What makes a family what it is.
    package struct Family: Sendable {
        package var name: String
        /// The probability of an error at each step, by who writes it, [stepCount].
        var quickErrors: [Double]
        var deepthinkErrors: [Double]
        /// The probability that a DEEPTHINK step mends an error made before.
        var mending = 0.0
        /// One step, drawn for each job and announced by the words before it, has these probabilities instead.
        var pitfall: (quick: Double, deepthink: Double)?
    }

    package static let families = [
        Family(name: "routine", quickErrors: all(0.02), deepthinkErrors: all(0.01)),
        Family(name: "hard-start", quickErrors: [0.6, 0.03, 0.03, 0.03, 0.03], deepthinkErrors: all(0.02)),
        Family(name: "hard", quickErrors: all(0.35), deepthinkErrors: all(0.04)),
        Family(
            name: "pitfall", quickErrors: all(0.02), deepthinkErrors: all(0.01),
            pitfall: (quick: 0.7, deepthink: 0.05)),
        Family(name: "hopeless", quickErrors: all(0.5), deepthinkErrors: all(0.45)),
        Family(name: "mendable", quickErrors: all(0.4), deepthinkErrors: all(0.3), mending: 0.8),
    ]

    /// One simulated job, as it ran.
    package struct Run: Sendable {
        package var family: Int
        package var episode: TrainingEpisode
        package var calls: Int
        package var reward: Double
    }

    private let encoder: HashedEncoder
    /// Ends every word, so that each simulation has words of its own: which of them share a bucket is chance.
    private let language: String
    /// The two models change places: DEEPTHINK makes QUICK's errors and QUICK DEEPTHINK's.
    package var isPairSwapped = false

    /// - Parameter seed: of the words, which are others for another seed.
    package init(encoder: HashedEncoder = HashedEncoder(), seed: UInt64) {
        self.encoder = encoder
        // Letters: digits would be read as the length of a number.
        language = String(
            decoding: String(seed, radix: 10).utf8.map { $0 - UInt8(ascii: "0") + UInt8(ascii: "a") }, as: UTF8.self)
    }

    package var featureCount: Int { encoder.featureCount }
    package var encoderIdentity: String { encoder.identity }

    /// Draws a job and runs it; `choose` decides each step.
    package func run(
        using generator: inout SplitMix64, choose: (SwitcherState, [Float], _ seed: UInt64) -> Decision
    ) -> Run {
        let family = Int(generator.nextUniform() * Double(Self.families.count))
        let trap = Int(generator.nextUniform() * Double(Self.stepCount))
        let question = question(of: family, using: &generator)
        var written: [WrittenStep] = []
        var steps: [TrainingStep] = []
        var isWrong = false
        for index in 0..<Self.stepCount {
            let state = SwitcherState(
                question: question, steps: written, maxSteps: Self.stepCount, remainingBudgetShare: 1, dayFraction: 0.5)
            let features = encoder.encode(state)
            let decision = choose(state, features, generator.next())
            let odds = errors(of: family, at: index, trap: trap)
            if decision.role == .deepthink, isWrong, generator.nextUniform() < Self.families[family].mending {
                isWrong = false
            }
            let isHard = odds.quick > 0.2
            if generator.nextUniform() < (decision.role == .quick ? odds.quick : odds.deepthink) { isWrong = true }
            let text = text(
                announces: Self.families[family].pitfall != nil && trap == index + 1, isWrong: isWrong,
                using: &generator)
            let mean = -0.15 - (isHard ? 0.25 : 0) - 0.4 * generator.nextUniform()
            written.append(
                WrittenStep(
                    index: index, role: decision.role,
                    generated: Generated(
                        text: text, stopReason: .paragraph, generatedTokens: 40,
                        logProbabilities: LogProbabilities(
                            minimum: 8 * mean, lowerQuartile: 2 * mean, median: mean / 2, mean: mean))))
            steps.append(
                TrainingStep(features: features, role: decision.role, reward: 0, propensity: decision.propensity))
        }
        let reward = isWrong ? 0.0 : 1
        steps[steps.count - 1].reward = reward
        return Run(
            family: family, episode: TrainingEpisode(steps: steps), calls: steps.count { $0.role == .deepthink },
            reward: reward)
    }

    /// The expected reward less `cost` for each call of a Switcher that is told the family, the pitfall and whether there
    /// is an error: what no policy can exceed.
    package func ceiling(cost: Double) -> Double {
        var sum = 0.0
        for family in Self.families.indices {
            for trap in 0..<Self.stepCount {
                var (right, wrong) = (1.0, 0.0)
                for index in (0..<Self.stepCount).reversed() {
                    let odds = errors(of: family, at: index, trap: trap)
                    let mending = Self.families[family].mending
                    let fromRight = max(
                        (1 - odds.quick) * right + odds.quick * wrong,
                        (1 - odds.deepthink) * right + odds.deepthink * wrong - cost)
                    let mended = mending * ((1 - odds.deepthink) * right + odds.deepthink * wrong)
                    wrong = max(wrong, mended + (1 - mending) * wrong - cost)
                    right = fromRight
                }
                sum += right
            }
        }
        return sum / Double(Self.families.count * Self.stepCount)
    }

    private func errors(of family: Int, at index: Int, trap: Int) -> (quick: Double, deepthink: Double) {
        let family = Self.families[family]
        let odds =
            if let pitfall = family.pitfall, index == trap { pitfall } else {
                (quick: family.quickErrors[index], deepthink: family.deepthinkErrors[index])
            }
        return isPairSwapped ? (quick: odds.deepthink, deepthink: odds.quick) : odds
    }

    private func question(of family: Int, using generator: inout SplitMix64) -> String {
        let words = (0..<Self.questionWordCount).map { index in
            // Now and then a word of another family.
            let isOwn = generator.nextUniform() < 0.85
            let other = Int(generator.nextUniform() * Double(Self.families.count))
            return index < Self.familyWordCount
                ? "topic\(letter(isOwn ? family : other))\(word(among: 8, using: &generator))"
                : "word\(word(among: 40, using: &generator))"
        }
        return words.joined(separator: " ")
    }

    private func text(announces: Bool, isWrong: Bool, using generator: inout SplitMix64) -> String {
        var words = (0..<6).map { _ in "term\(word(among: 30, using: &generator))" }
        if announces { words[0] = "however\(language)" }
        // An error shows in half of the texts.
        if isWrong, generator.nextUniform() < 0.5 { words[1] = "odd\(language)" }
        return words.joined(separator: " ")
    }

    /// The end of one of `count` words.
    private func word(among count: Int, using generator: inout SplitMix64) -> String {
        let index = Int(generator.nextUniform() * Double(count))
        return letter(index / 8) + letter(index % 8) + language
    }

    private func letter(_ index: Int) -> String {
        String(Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8(index))))
    }
}

private func all(_ probability: Double) -> [Double] {
    [Double](repeating: probability, count: DeliberationJobs.stepCount)
}
