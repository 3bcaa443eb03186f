import Domain
import SQLite
import Storage
import Testing

let morning = Timestamp(milliseconds: 1_795_000_000_000)
let today = DayKey(year: 2026, month: 11, day: 18)
let alice = User(uid: 1000, name: "alice")
let admin = User(uid: 0, name: "root")

/// A store in a fresh directory with one queue, and the shortest ways through a job's life.
struct Fixture {
    let directory: TemporaryDirectory
    let store: Store
    let reader: StoreReader
    let queue: QueueName

    init(_ settings: QueueSettings = QueueSettings(), queue: String = "maths") async throws {
        directory = TemporaryDirectory()
        store = try Store(directory: directory.path, now: morning)
        reader = try store.makeReader()
        self.queue = try QueueName(queue)
        try await store.createQueue(self.queue, settings, by: admin, now: morning)
    }

    /// How many rows a table has, as a connection of its own sees it.
    func rowCount(_ table: String) throws -> Int64 {
        let statement = try directory.rawConnection().statement("SELECT count(*) AS n FROM \(table)")
        #expect(try statement.step())
        guard case .integer(let count) = statement.value("n") else { return -1 }
        return count
    }

    /// How SQLite goes about a statement: a line for each table.
    func plan(of sql: String) throws -> [String] {
        let statement = try directory.rawConnection().statement("EXPLAIN QUERY PLAN " + sql)
        try statement.bind(Array(repeating: Int64?.none as any Bindable, count: sql.count { $0 == "?" }))
        var plan: [String] = []
        while try statement.step() {
            if case .text(let line) = statement.value("detail") { plan.append(line) }
        }
        return plan
    }

    /// The state as after `kill -9` and a new start.
    init(crashed other: Fixture, now: Timestamp = morning) throws {
        directory = other.directory.crashImage()
        store = try Store(directory: directory.path, now: now)
        reader = try store.makeReader()
        queue = other.queue
    }

    @discardableResult
    func submit(_ job: NewJob = NewJob(specification: "{}"), to queue: QueueName? = nil) async throws -> JobID {
        try await store.submitJob(job, queue: queue ?? self.queue, submitter: alice, now: morning).job
    }

    func claim(now: Timestamp = morning) async throws -> ClaimedJob {
        guard let job = try await store.claim(now: now) else { throw NothingToClaim() }
        return job
    }

    func start(_ claim: Claim, index: Int = 0, day: DayKey = today, worstCase: Spend = bound) -> StepStart {
        StepStart(
            claim: claim, index: index, day: day, worstCase: worstCase, quickModel: "small", deepthinkModel: "large",
            pairKey: "small+large/hashed", now: morning)
    }

    /// Writes one step from its beginning to its end.
    @discardableResult
    func writeStep(
        _ claim: Claim, index: Int = 0, role: Role, text: String = "4", features: [Float] = [1, -0.5],
        day: DayKey = today, now: Timestamp = morning
    ) async throws -> StepID {
        let begun = try await store.beginStep(start(claim, index: index, day: day)) { _, _ in
            .write(Decision(role: role), features: features)
        }
        guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
        _ = try await store.finishStep(step, claim, generated(text), now: now)
        return step
    }

    /// Writes a first step of QUICK's with whatever reason the budget gives against DEEPTHINK.
    func writeMaskedStep(_ claim: Claim) async throws {
        let begun = try await store.beginStep(start(claim)) { _, mask in
            .write(Decision(role: .quick, maskReason: mask), features: [])
        }
        guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
        _ = try await store.finishStep(step, claim, generated(), now: morning)
    }

    /// Runs one job of one step to its end.
    @discardableResult
    func complete(_ reward: Double?, role: Role = .quick, now: Timestamp = morning) async throws -> JobID {
        try await submit()
        let claim = try await claim(now: now).claim
        try await writeStep(claim, role: role, now: now)
        let outcome = Outcome(answer: "4", end: .answered, reward: reward)
        _ = try await store.settleJob(claim, .completed(outcome), now: now)
        return claim.job
    }
}

let bound = Spend(calls: 1, tokens: 500, gpuMilliseconds: 9_000)

func generated(_ text: String = "") -> Generated {
    Generated(
        text: text, stopReason: .paragraph, promptTokens: 100, cachedTokens: 40, generatedTokens: 60,
        gpuMilliseconds: 1_500,
        logProbabilities: LogProbabilities(minimum: -3, lowerQuartile: -1, median: -0.5, mean: -0.75))
}

struct NothingToClaim: Error {}
struct NotBegun: Error { let step: BegunStep }

/// A small generator with a seed, so that a failing schedule can be run again.
/// - Source: Steele, Lea and Flood 2014, SplitMix64.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
