import Domain
import Storage
import Testing

/// A random history of a store on a disk that may fail, with a list of what the store has promised: what returned.
struct StoreHistory {
    struct Promise: Equatable {
        var state: JobState?
        /// The text of each step that is durable, by index.
        var written: [Int: String] = [:]
    }

    struct Promises: Equatable {
        var jobs: [JobID: Promise] = [:]
        var batches: [BatchID: Int] = [:]
        var policyVersions: Int64 = 0
    }

    struct Running {
        var claim: Claim
        var nextIndex: Int
        var step: StepID?
    }

    let disk: PowerDisk
    /// Holds the lock and the note alone; the database is on `disk`.
    let directory = TemporaryDirectory()
    let queue: QueueName
    private(set) var store: Store?
    private(set) var promises = Promises()
    private(set) var commandCount = 0
    private var random: SplitMix64
    private var running: [Running] = []
    private var waiting: [JobID] = []

    init(seed: UInt64, disk: PowerDisk) throws {
        self.disk = disk
        random = SplitMix64(state: seed)
        queue = try QueueName("maths")
        // The note is written after each commit without a sync, so what is newest of it may survive a cut.
        disk.accompany("\(directory.path)/state.seal")
    }

    /// Opens the store, where a new one may have to wait for the old one's lock.
    mutating func open() async throws {
        running = []
        store = nil
        while store == nil {
            do throws(StorageError) {
                store = try Store(directory: directory.path, now: morning, fileSystem: disk.name)
            } catch {
                guard case .inUse = error else { throw error }
            }
            await Task.yield()
        }
        // The store has synced the real directory, which this disk does not see.
        disk.syncDirectory()
    }

    mutating func createQueue() async throws {
        let limits = BudgetLimits(calls: 50, tokens: 100_000, gpuMilliseconds: 900_000)
        let settings = QueueSettings(limits: limits, maxAttempts: 1_000)
        try await opened.createQueue(queue, settings, by: admin, now: morning)
    }

    var opened: Store {
        get throws { try #require(store) }
    }

    /// Does one command; where it throws, the history has not moved, and the same command comes again.
    mutating func next() async throws {
        let before = random
        do {
            try await command(Int.random(in: 0..<100, using: &random))
            commandCount += 1
        } catch {
            random = before
            throw error
        }
    }

    private mutating func command(_ number: Int) async throws {
        // Only the history may hold the store then.
        if number >= 98 { return try await open() }
        let store = try opened
        switch number {
        case ..<22:
            let size = number == 0 ? 60_000 : Int.random(in: 2...3_000, using: &random)
            let job = NewJob(specification: String(repeating: "x", count: size))
            note(try await store.submitJob(job, queue: queue, submitter: alice, now: morning).job)
        case ..<30: try await submitBatch(store)
        case ..<46:
            guard let claimed = try await store.claim(now: morning) else { return }
            running.append(Running(claim: claimed.claim, nextIndex: claimed.steps.count))
        case ..<80: try await step(store)
        case ..<88: try await settle(store)
        case ..<91:
            guard let job = waiting.randomElement(using: &random) else { return }
            if try await !store.cancelJob(job, by: alice, now: morning).isTerminal {
                promises.jobs[job, default: Promise()].state = .cancelled
            }
        case ..<94: try await savePolicy(store)
        default: try await store.checkpoint()
        }
    }

    private mutating func note(_ job: JobID) {
        promises.jobs[job] = Promise()
        waiting.append(job)
    }

    private mutating func submitBatch(_ store: Store) async throws {
        let count = Int.random(in: 1...20, using: &random)
        let digits = (0..<64).map { _ in "0123456789abcdef".randomElement(using: &random) ?? "0" }
        let batch = try await store.beginBatch(queue: queue, submitter: alice, fileName: nil, now: morning)
        let jobs = (1...count).map { line in
            NewJob(line: Int64(line), customID: "\(line)", specification: "{}")
        }
        try await store.appendJobs(jobs, to: batch, now: morning)
        _ = try await store.commitBatch(batch, sha256: String(digits), allowDuplicate: true, now: morning)
        promises.batches[batch] = count
    }

    /// Begins a running job's next step, or ends the one it is in.
    private mutating func step(_ store: Store) async throws {
        guard let place = running.indices.randomElement(using: &random) else { return }
        let (claim, index) = (running[place].claim, running[place].nextIndex)
        guard let step = running[place].step else {
            let role: Role = Bool.random(using: &random) ? .deepthink : .quick
            let seed = random.next()
            let begun = try await store.beginStep(start(claim, index: index)) { _, mask in
                .write(Decision(role: mask == nil ? role : .quick, seed: seed), features: [1, 2, 3])
            }
            if case .begun(let step, _, _) = begun { running[place].step = step } else { running.remove(at: place) }
            return
        }
        let text = text(of: claim.job, index: index)
        guard Int.random(in: 0..<6, using: &random) > 0 else {
            _ = try await store.abandonStep(step, claim, .unknown, now: morning)
            running[place].step = nil
            return
        }
        if try await store.finishStep(step, claim, generated(text), now: morning) == .settled {
            promises.jobs[claim.job, default: Promise()].written[index] = text
        }
        running[place].step = nil
        running[place].nextIndex += 1
    }

    private mutating func settle(_ store: Store) async throws {
        let idle = running.indices.filter { running[$0].step == nil }
        guard let place = idle.randomElement(using: &random) else { return }
        let claim = running[place].claim
        if running[place].nextIndex == 0 || Bool.random(using: &random) {
            _ = try await store.releaseJob(claim, Release(.none), now: morning)
        } else {
            let answer = (0..<running[place].nextIndex).map { text(of: claim.job, index: $0) }.joined()
            let outcome = Outcome(answer: answer, end: .answered, reward: 1)
            if try await store.settleJob(claim, .completed(outcome), now: morning) {
                promises.jobs[claim.job, default: Promise()].state = .completed
            }
        }
        running.remove(at: place)
    }

    private mutating func savePolicy(_ store: Store) async throws {
        let size = Int.random(in: 10...20_000, using: &random)
        let snapshot = NewPolicySnapshot(
            queue: queue, pairKey: "small+large", kind: "fitted-q", encoder: "hashed",
            weights: Array(repeating: 7, count: size), trainedThroughOutcome: 0, episodeCount: 1, verdict: .forced)
        promises.policyVersions = try await store.savePolicySnapshot(snapshot, now: morning).version
    }

    private func text(of job: JobID, index: Int) -> String { "step \(index) of \(job)" }

    private func start(_ claim: Claim, index: Int) -> StepStart {
        StepStart(
            claim: claim, index: index, day: today, worstCase: bound, quickModel: "small", deepthinkModel: "large",
            pairKey: "small+large/hashed", now: morning)
    }
}

extension StoreHistory.Promises {
    /// What of the promises a directory does not keep, once londid has started on it; empty where it keeps all.
    func broken(in directory: String) async throws -> [String] {
        let store = try Store(directory: directory, now: morning)
        let reader = try store.makeReader()
        var complaints = try await reader.verifyBooks().differences.map(\.description)
        let found = try await reader.jobs(JobFilter(limit: .max))
        let states = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.state) })
        for (id, promise) in jobs {
            guard let state = states[id] else {
                complaints.append("job \(id) is not there")
                continue
            }
            if let promised = promise.state, promised != state { complaints.append("job \(id) is \(state)") }
            if promise.written.isEmpty { continue }
            let steps = try await reader.steps(id).filter { $0.state == .written }
            for (index, text) in promise.written
            where !steps.contains(where: { $0.index == index && $0.generated?.text == text }) {
                complaints.append("step \(index) of job \(id) is not there")
            }
        }
        for (batch, count) in batches {
            let present = found.count { $0.batch == batch }
            if present != count { complaints.append("batch \(batch) has \(present) of its \(count) jobs") }
        }
        if policyVersions > 0 {
            let last = try await reader.policyVersions(QueueName("maths")).map(\.version).max() ?? 0
            if last < policyVersions { complaints.append("policy \(policyVersions) is not there, \(last) is the last") }
        }
        return complaints
    }
}
