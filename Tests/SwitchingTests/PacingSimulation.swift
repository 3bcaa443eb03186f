import Domain
import Switching

/// Jobs of four steps that must all be right: the class of each step, which the Switcher sees, says how often QUICK gets
/// it right; DEEPTHINK nearly always does. So a call late in a job that has gone well is worth more than an early one,
/// and one in a hard step more than one in an easy step.
enum StepClasses {
    static let quick = [0.98, 0.95, 0.9, 0.8, 0.7, 0.55, 0.4, 0.2]
    static let deepthink = 0.98
    static let stepCount = 4
    static let featureCount = 1 + stepCount * quick.count

    static func features(step: Int, of kind: Int) -> [Float] { all[step * quick.count + kind] }

    private static let all: [[Float]] = (1..<featureCount).map { own in
        (0..<featureCount).map { $0 == 0 || $0 == own ? 1 : 0 }
    }
}

/// One job of a day: when it comes, and everything about it that chance decides, drawn beforehand, so that all policies
/// meet the same days.
struct DayJob {
    /// Seconds since midnight.
    var arrival: Double
    /// For each step its class, and a number in 0..<1 below which a chance of success is a success.
    var steps: [(kind: Int, luck: Double)]
}

/// Days as a small team makes them: most begin with a batch in the morning and bring single jobs until the evening; some
/// are quiet, and some bring another batch late.
enum DaySimulation {
    static let secondsOfJob = 20.0

    static func days(_ count: Int, seed: UInt64) -> [[DayJob]] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in day(using: &generator) }
    }

    private static func day(using generator: inout SplitMix64) -> [DayJob] {
        func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * generator.nextUniform() }
        var arrivals: [Double] = []
        if generator.nextUniform() < 0.15 {
            for _ in 0..<Int(between(0, 15)) { arrivals.append(between(6, 23)) }
        } else {
            let morning = between(7, 10)
            for _ in 0..<Int(between(20, 120)) { arrivals.append(morning) }
            for _ in 0..<Int(between(10, 50)) { arrivals.append(between(8, 20)) }
            if generator.nextUniform() < 0.35 {
                let late = between(18, 23)
                for _ in 0..<Int(between(20, 100)) { arrivals.append(late) }
            }
        }
        return arrivals.sorted().map { hour in
            let steps = (0..<StepClasses.stepCount).map { _ in
                (kind: Int(generator.nextUniform() * Double(StepClasses.quick.count)), luck: generator.nextUniform())
            }
            return DayJob(arrival: hour * 3600, steps: steps)
        }
    }

    /// What a policy makes of a day.
    struct Result {
        var reward = 0.0
        var calls: Int64 = 0
        var episodes: [TrainingEpisode] = []

        static func += (left: inout Result, right: Result) {
            left.reward += right.reward
            left.calls += right.calls
        }
    }

    /// What is known when a job begins.
    struct Moment {
        /// Seconds since midnight.
        var now: Double
        var job: Int
        /// Jobs that have come, this one among them.
        var soFar: Int
        /// Of these, the ones that have not been begun.
        var waiting: Int
    }

    /// Runs one day, one job after the other, under a budget of calls.
    /// - Parameter decision: what is decided at a step, given the job's moment, the budget and why DEEPTHINK is masked.
    static func run(
        _ jobs: [DayJob], limit: Int64,
        decide: (Moment, BudgetDay, [Float], MaskReason?, _ step: Int) -> Decision
    ) -> Result {
        var budget = BudgetDay(day: DayKey(daysSinceEpoch: 0), limits: BudgetLimits(calls: limit))
        var result = Result()
        var free = 0.0
        var soFar = 0
        for (index, job) in jobs.enumerated() {
            let now = max(free, job.arrival)
            free = now + secondsOfJob
            while soFar < jobs.count, jobs[soFar].arrival <= now { soFar += 1 }
            let moment = Moment(now: now, job: index, soFar: soFar, waiting: soFar - index - 1)
            var steps: [TrainingStep] = []
            var isRight = true
            for (number, step) in job.steps.enumerated() where isRight {
                let features = StepClasses.features(step: number, of: step.kind)
                let mask = budget.mask(for: Spend(calls: 1)).map(MaskReason.init)
                let decision = decide(moment, budget, features, mask, number)
                let odds = decision.role == .deepthink ? StepClasses.deepthink : StepClasses.quick[step.kind]
                isRight = step.luck < odds
                if decision.role == .deepthink {
                    budget.spent.calls += 1
                    if decision.isExploration { budget.exploration.calls += 1 }
                }
                steps.append(
                    TrainingStep(
                        features: features, role: decision.role, reward: 0, propensity: decision.propensity,
                        maskReason: mask))
            }
            if isRight {
                steps[steps.count - 1].reward = 1
                result.reward += 1
            }
            result.episodes.append(TrainingEpisode(steps: steps))
        }
        result.calls = budget.spent.calls
        return result
    }
}
