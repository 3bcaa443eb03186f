import Control
import Domain
import Episodes

/// The measured episodes as one arm ran them.
struct PaperSample: Sendable {
    /// One episode's sums.
    struct Episode: Sendable {
        let isSuccess: Bool
        let reward: Double
        let steps: Int
        let deepthinkSteps: Int
        let quick: Spend
        let deepthink: Spend
        /// Of its job.
        let start: Timestamp
        let end: Timestamp
        /// Steps by the room that they were taken in, where the environment names rooms.
        let rooms: [String: RoomUse]

        var milliseconds: Int64 { end.milliseconds - start.milliseconds }
        var modelMilliseconds: Int64 { quick.gpuMilliseconds + deepthink.gpuMilliseconds }
    }

    /// The steps in one room.
    struct RoomUse: Sendable {
        var steps = 0
        var deepthinkSteps = 0
    }

    /// A mean with half the width of its 95 % interval.
    struct Mean: Sendable {
        let value: Double
        let margin: Double
    }

    let episodes: [Episode]
    /// What the steps waited for, in seconds, summed over jobs that ran side by side.
    let waits: [StepWait: Double]

    var reward: Mean { mean(\.reward) }
    /// DEEPTHINK calls of an episode.
    var calls: Mean { mean { Double($0.deepthinkSteps) } }
    var steps: Mean { mean { Double($0.steps) } }
    var deepthinkTokens: Mean { mean { Double($0.deepthink.tokens) } }
    /// GPU seconds of both models, QUICK's drafts included.
    var gpuSeconds: Mean { mean { Double($0.modelMilliseconds) / 1000 } }
    /// The share of all steps that DEEPTHINK wrote.
    var callShare: Double { calls.value / max(steps.value, 1) }

    /// From the first job's start to the last one's end.
    var elapsedMilliseconds: Int64 {
        guard let start = episodes.map(\.start).min(), let end = episodes.map(\.end).max() else { return 0 }
        return end.milliseconds - start.milliseconds
    }
    /// Steps that all jobs together take in a second.
    var stepsPerSecond: Double { 1000 * stepCount / max(Double(elapsedMilliseconds), 1) }
    /// What a step of one job takes, jobs that run beside it included.
    var stepMilliseconds: Double { jobMilliseconds / max(stepCount, 1) }
    /// The part of that in which a model writes.
    var modelShare: Double { Double(sum(\.modelMilliseconds)) / max(jobMilliseconds, 1) }
    /// The part of that in which a step waits for something.
    func share(of wait: StepWait) -> Double { 1000 * (waits[wait] ?? 0) / max(jobMilliseconds, 1) }

    /// The share of successes with the ends of its 95 % interval.
    /// - Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    var success: (share: Double, low: Double, high: Double) {
        let (count, z) = (Double(episodes.count), 1.96)
        let share = Double(episodes.count { $0.isSuccess }) / count
        let middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        let half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        return (share, max(0, middle - half), min(1, middle + half))
    }

    /// The mean of a value over another sample's in the same episodes: what they have in common, as hard ones do, is not taken
    /// for a difference between the two.
    /// - Returns: nil where the other's mean is not above 0.
    /// - Source: Cochran, "Sampling techniques", 1977, section 2.11 (the variance of a ratio).
    func ratio(to other: PaperSample, _ value: (Episode) -> Double) -> Mean? {
        let (values, others) = (episodes.map(value), other.episodes.map(value))
        let base = mean(others).value
        guard base > 0 else { return nil }
        let ratio = mean(values).value / base
        return Mean(value: ratio, margin: mean(zip(values, others).map { ($0 - ratio * $1) / base }).margin)
    }

    private var stepCount: Double { Double(episodes.reduce(0) { $0 + $1.steps }) }
    /// Summed over the jobs.
    private var jobMilliseconds: Double { Double(sum(\.milliseconds)) }

    private func sum(_ value: (Episode) -> Int64) -> Int64 { episodes.reduce(0) { $0 + value($1) } }

    private func mean(_ value: (Episode) -> Double) -> Mean { mean(episodes.map(value)) }

    private func mean(_ values: [Double]) -> Mean {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))
        return Mean(value: mean, margin: 1.96 * (variance / Double(values.count)).squareRoot())
    }
}

extension PaperSample.Episode {
    /// - Throws: where the job has no outcome: a figure must not leave episodes out in silence.
    init(_ shown: ExplainJob.Reply) throws(BenchError) {
        guard let outcome = shown.outcome, let reward = outcome.reward, let isSuccess = outcome.success,
            let startedAt = shown.job.startedAt, let endedAt = shown.job.endedAt
        else {
            throw BenchError(
                description: "job \(shown.job.job) has no outcome: \(shown.job.fault ?? "no reason given")")
        }
        self.init(
            isSuccess: isSuccess, reward: reward, steps: shown.job.steps, deepthinkSteps: shown.job.deepthinkSteps,
            quick: shown.job.quickSpend, deepthink: shown.job.deepthinkSpend,
            start: startedAt, end: endedAt, rooms: Self.rooms(of: shown))
    }

    /// ScienceWorld tells the room in what is seen before a step.
    private static func rooms(of shown: ExplainJob.Reply) -> [String: PaperSample.RoomUse] {
        var rooms: [String: PaperSample.RoomUse] = [:]
        var room: String?
        func note(_ observation: String) {
            if let found = observation.firstMatch(of: /is called the ([^.]+)\./) { room = String(found.1) }
        }
        if let opening = shown.opening { note(opening.observation) }
        for step in shown.steps where step.state == .written {
            if let room {
                rooms[room, default: .init()].steps += 1
                if step.role == .deepthink { rooms[room, default: .init()].deepthinkSteps += 1 }
            }
            if let observation = step.observation { note(observation.text) }
        }
        return rooms
    }
}
