import Domain
import Storage

/// One walk over a queue's old jobs, step by step, so that claims and submissions get their turn between.
struct PruningRound {
    /// The most jobs of one step.
    static let mostJobs = 500
    /// The fewest, whatever they take.
    private static let fewestJobs = 20
    /// Steps that take longer get smaller, quicker ones larger: whoever else writes waits for so long at most.
    private static let slowMilliseconds: Int64 = 30
    private static let quickMilliseconds: Int64 = 10

    private let rule: PruningRule
    private let take: @Sendable (PruningRule, PruningPlace?, Int) async throws(StorageError) -> PruningStep
    private var after: PruningPlace?
    private var limit = 100
    /// Nothing older is left to look at.
    private(set) var isOver = false
    /// When the first job was submitted that was too young to be looked at; nil where there is none.
    private(set) var firstYoung: Timestamp?
    /// How long the last step took.
    private(set) var stepMilliseconds: Int64 = 0

    /// - Parameter take: does a step: the rule, where the step before ended, and the most jobs to look at.
    init(
        _ rule: PruningRule,
        take: @escaping @Sendable (PruningRule, PruningPlace?, Int) async throws(StorageError) -> PruningStep
    ) {
        self.rule = rule
        self.take = take
    }

    /// Does the next step and returns how many jobs went.
    mutating func step() async throws(StorageError) -> Int {
        let began = WallClock.monotonicNanoseconds()
        let step = try await take(rule, after, limit)
        stepMilliseconds = (WallClock.monotonicNanoseconds() - began) / 1_000_000
        if stepMilliseconds > Self.slowMilliseconds {
            limit = max(Self.fewestJobs, limit / 2)
        } else if stepMilliseconds < Self.quickMilliseconds {
            limit = min(Self.mostJobs, limit * 2)
        }
        after = step.next
        isOver = step.next == nil
        firstYoung = step.firstYoung
        return step.jobCount
    }
}

extension PruningRule {
    /// What a queue's retention lets go; nil where it keeps its jobs for ever.
    init?(retentionOf queue: QueueRecord, now: Timestamp) {
        guard let days = queue.settings.retentionDays else { return nil }
        self.init(queue.name, before: now.advanced(byMilliseconds: -Int64(days) * 86_400_000))
    }

    /// What ended before an instant, but for what the learner still looks at.
    init(_ queue: QueueName, before: Timestamp) {
        self.init(queue: queue, before: before, keptEpisodes: LearnerLoop.episodeLimit)
    }
}
