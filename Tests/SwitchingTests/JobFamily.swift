import Domain
import Switching

/// Jobs whose questions are random words, where DEEPTHINK helps only on those with hard words in them: four steps, the
/// answer is right where every step was, and the verdict comes at the end.
struct JobFamily {
    static let plainWords = [
        "add", "apples", "basket", "bus", "count", "day", "farm", "find", "garden", "green", "hours", "how", "left",
        "many", "market", "minutes", "number", "oranges", "paid", "people", "price", "red", "school", "sells", "small",
        "sum", "table", "ten", "the", "total", "train", "walks", "week", "what", "with", "years",
    ]
    static let hardWords = ["integral", "modulo", "permutation", "prime"]

    static let stepCount = 4
    static let quickOnHard = 0.6
    static let otherwise = 0.98

    struct Question {
        var text: String
        var isHard: Bool
    }

    static func question(using generator: inout SplitMix64) -> Question {
        var words = (0..<12).map { _ in pick(plainWords, using: &generator) }
        let isHard = generator.nextUniform() < 0.5
        if isHard { for index in 0..<3 { words[index] = pick(hardWords, using: &generator) } }
        return Question(text: words.joined(separator: " "), isHard: isHard)
    }

    /// Has each of a job's steps decided and then written; the last one is yet without its reward.
    static func steps(
        _ count: Int, of question: String, maxSteps: Int, choose: (SwitcherState, [Float]) -> Decision,
        write: (Role) -> Generated
    ) -> [TrainingStep] {
        let encoder = HashedEncoder()
        var written: [WrittenStep] = []
        return (0..<count).map { index in
            let state = SwitcherState(
                question: question, steps: written, maxSteps: maxSteps, remainingBudgetShare: 1, dayFraction: 0.5)
            let features = encoder.encode(state)
            let decision = choose(state, features)
            written.append(WrittenStep(index: index, role: decision.role, generated: write(decision.role)))
            return TrainingStep(
                features: features, role: decision.role, reward: 0, propensity: decision.propensity)
        }
    }

    /// Runs one job; `choose` decides each step. QUICK is somewhat less sure of itself on hard questions.
    static func run(
        _ question: Question, using generator: inout SplitMix64,
        choose: (SwitcherState, [Float]) -> Decision
    ) -> (episode: TrainingEpisode, calls: Int, reward: Double) {
        var isRight = true
        var steps = Self.steps(stepCount, of: question.text, maxSteps: 12, choose: choose) { role in
            let odds = question.isHard && role == .quick ? quickOnHard : otherwise
            if generator.nextUniform() >= odds { isRight = false }
            let mean = -0.2 - (question.isHard ? 0.1 : 0) - 0.3 * generator.nextUniform()
            return Generated(
                text: (0..<6).map { _ in pick(plainWords, using: &generator) }.joined(separator: " "),
                stopReason: .paragraph, generatedTokens: 40,
                logProbabilities: LogProbabilities(
                    minimum: 8 * mean, lowerQuartile: 2 * mean, median: mean / 2, mean: mean))
        }
        let reward = isRight ? 1.0 : 0
        steps[steps.count - 1].reward = reward
        return (TrainingEpisode(steps: steps), steps.count { $0.role == .deepthink }, reward)
    }

    static func word(isHard: Bool, using generator: inout SplitMix64) -> String {
        pick(isHard ? hardWords : plainWords, using: &generator)
    }

    private static func pick(_ words: [String], using generator: inout SplitMix64) -> String {
        words[Int(generator.nextUniform() * Double(words.count))]
    }
}
