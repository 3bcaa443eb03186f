import Domain
import Storage
import Switching
import Testing

@testable import Daemon

/// A queue of twenty calls a day, with some days behind it on which it got twenty jobs in the morning and twenty in the
/// evening, all alike: QUICK gets them wrong and DEEPTHINK right.
struct PacedHistory {
    static let user = User(uid: 1000, name: "ann")
    static let question = "How many primes are there below one hundred?"
    static let specification = #"{"messages":[{"role":"user","content":"\#(question)"}]}"#
    static let pairKey = "scripted-quick + scripted-deepthink + \(HashedEncoder().identity)"
    static let pastDays = 4
    /// Hours of the day in the queue's zone.
    static let hours: [Int64] = [9, 18]

    let queue: QueueName
    let settings: QueueSettings
    /// The midnight that began today in the queue's zone.
    let midnight: Timestamp

    init(_ name: String, pacing: Pacing, zone: String, now: Timestamp) throws {
        queue = try QueueName(name)
        settings = QueueSettings(
            limits: BudgetLimits(calls: 20), timeZone: zone, pacing: pacing,
            switcher: SwitcherSettings(explorationRate: 0), maxSteps: 1)
        midnight = try Zone(zone).start(of: try Zone(zone).day(at: now))
    }

    /// A zone in which it is about noon.
    static func noonZone(at now: Timestamp) -> String {
        let hour = Int(now.milliseconds / 3_600_000 % 24)
        // The names count the hours by which a zone is behind.
        let behind = hour - 12
        return behind == 0 ? "UTC" : "Etc/GMT\(behind > 0 ? "+" : "-")\(abs(behind))"
    }

    func write(to store: Store) async throws {
        try await store.createQueue(queue, settings, by: Self.user, now: midnight)
        for day in -Int64(Self.pastDays)..<0 {
            for hour in Self.hours {
                let now = midnight.advanced(byMilliseconds: (day * 24 + hour) * 3_600_000)
                for job in 0..<20 { try await run(store, role: job.isMultiple(of: 2) ? .quick : .deepthink, now: now) }
            }
        }
    }

    func submit(_ count: Int, to store: Store, now: Timestamp) async throws {
        for _ in 0..<count {
            _ = try await store.submitJob(
                NewJob(specification: Self.specification), queue: queue, submitter: Self.user, now: now)
        }
    }

    private func run(_ store: Store, role: Role, now: Timestamp) async throws {
        try await submit(1, to: store, now: now)
        let claim = try #require(try await store.claim(now: now)).claim
        let start = StepStart(
            claim: claim, index: 0, day: try Zone(settings.timeZone).day(at: now),
            worstCase: Spend(calls: 1, tokens: 100, gpuMilliseconds: 1000), quickModel: "scripted-quick",
            deepthinkModel: "scripted-deepthink", pairKey: Self.pairKey, now: now)
        let state = SwitcherState(question: Self.question, maxSteps: 1, dayFraction: 0.5)
        let begun = try await store.beginStep(start) { _, _ in
            .write(Decision(role: role, propensity: 0.5), features: HashedEncoder().encode(state))
        }
        guard case .begun(let step, _, _) = begun else {
            Issue.record("\(begun)")
            return
        }
        let text = Generated(
            text: "25", stopReason: .endOfTurn, promptTokens: 8, generatedTokens: 2, gpuMilliseconds: 9)
        _ = try await store.finishStep(step, claim, text, now: now)
        let outcome = Outcome(answer: "25", end: .answered, reward: role == .deepthink ? 1 : 0)
        _ = try await store.settleJob(claim, .completed(outcome), now: now)
    }
}
