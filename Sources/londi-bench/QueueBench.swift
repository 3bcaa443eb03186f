import Domain
import Storage

/// Claim and complete jobs that do nothing: Storage against a raw C loop over the statements that Storage runs.
struct QueueBench {
    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let most = options.jobCount > 0 ? options.jobCount : 1_000_000
        for (place, title) in [(options.directory, "disk"), ("/dev/shm", "tmpfs")] {
            var rates: [Double] = []
            for rows in [1000, most] {
                let rate = try await measure(
                    rows: rows, in: place, title: "\(title), \(rows) rows", cycles: title == "disk" ? 1800 : 7200,
                    &report)
                rates.append(rate)
            }
            report.add("\(title): rate at \(most) rows against 1000", 100 * rates[1] / rates[0], "%")
        }
        report.note("disk and tmpfs both run synchronous=FULL; on tmpfs a sync costs nothing, so the CPU's part shows")
    }

    /// Storage's cycles a second.
    private func measure(
        rows: Int, in place: String, title: String, cycles: Int, _ report: inout Report
    ) async throws -> Double {
        let workplace = try Workplace(in: place)
        let cyclesOfPass = min(rows * 9 / 10, cycles)
        try await BenchState.make(
            in: "\(workplace.path)/prepared", total: rows, pending: max(rows / 2, min(rows, cycles)))
        var (ours, raw, ratios, times): ([Duration], [Duration], [Double], [Duration]) = ([], [], [], [])
        var (ourProcessor, rawProcessor) = (Duration.zero, Duration.zero)
        let (recording, marks) = try await record(cyclesOfPass, in: workplace)
        for _ in 0..<cycles / cyclesOfPass {
            try await workplace.copy("prepared", to: "storage")
            try await workplace.copy("prepared", to: "raw")
            let replay = try recording.replay(on: "\(workplace.path)/raw/state.sqlite")
            let store = try Store(directory: "\(workplace.path)/storage", now: BenchState.now)
            var held = try await first(store)
            try replay.run(to: marks[0])
            let round = 100
            for (index, start) in stride(from: 0, to: cyclesOfPass, by: round).enumerated() {
                let end = min(start + round, cyclesOfPass)
                func runStorage() async throws {
                    let (round, processor) = try await cycle(store, &held, count: end - start)
                    times += round
                    ours.append(round.reduce(.zero, +))
                    ourProcessor += processor
                }
                func runRaw() throws {
                    let (begin, processor) = (ContinuousClock.now, threadTime())
                    try replay.run(to: marks[end])
                    raw.append(.now - begin)
                    rawProcessor += threadTime() - processor
                }
                // Whoever comes second finds a warmer machine.
                if index % 2 == 0 {
                    try await runStorage()
                    try runRaw()
                } else {
                    try runRaw()
                    try await runStorage()
                }
                ratios.append(raw[raw.count - 1] / ours[ours.count - 1])
            }
            let done = try ["storage", "raw"].map { try BenchState.count(.completed, in: "\(workplace.path)/\($0)") }
            guard done[0] == done[1] else {
                throw BenchError(description: "Storage completed \(done[0]) jobs and the raw loop \(done[1])")
            }
            try await workplace.command(
                "/bin/rm", ["-rf", "\(workplace.path)/storage", "\(workplace.path)/raw"])
        }
        if report.figures.isEmpty {
            report.note(
                "pragmas: " + recording.texts(0..<marks[0]).filter { $0.hasPrefix("PRAGMA") }.joined(separator: " "))
            report.note(
                "one cycle runs \((marks[cyclesOfPass] - marks[0]) / cyclesOfPass) statements: "
                    + recording.texts(marks[1]..<marks[2]).map(onOneLine).joined(separator: "; "))
        }
        try await workplace.remove()
        let rate = Double(times.count) / seconds(ours.reduce(.zero, +))
        let distribution = Distribution(times)
        report.add("\(title): claim + complete by Storage", rate, "jobs/s")
        report.add(
            "\(title): the same statements in a raw C loop", Double(times.count) / seconds(raw.reduce(.zero, +)),
            "jobs/s")
        report.add(
            "\(title): Storage against raw C, median of \(ratios.count) rounds",
            100 * ratios.sorted()[ratios.count / 2], "%")
        report.add(
            "\(title): processor time of a cycle by Storage", 1e6 * seconds(ourProcessor) / Double(times.count), "us")
        report.add("\(title): processor time of a cycle in C", 1e6 * seconds(rawProcessor) / Double(times.count), "us")
        report.add("\(title): claim + complete p50", Double(microseconds(distribution.at(0.5))), "us")
        report.add("\(title): claim + complete p99", Double(microseconds(distribution.at(0.99))), "us")
        return rate
    }

    /// Runs the cycles once under a recorder; `marks` holds the number of statements before each cycle and at the end.
    private func record(_ cycles: Int, in workplace: Workplace) async throws -> (Recording, marks: [Int]) {
        try await workplace.copy("prepared", to: "recorded")
        let recording = Recording()
        let store = try Store(directory: "\(workplace.path)/recorded", now: BenchState.now)
        var held = try await first(store)
        var marks = [recording.count]
        for _ in 0..<cycles {
            _ = try await cycle(store, &held, count: 1)
            marks.append(recording.count)
        }
        recording.end()
        return (recording, marks)
    }

    /// The job that the first cycle completes.
    private func first(_ store: Store) async throws -> ClaimedJob {
        guard let claimed = try await store.claim(now: BenchState.now) else {
            throw BenchError(description: "no prepared job can be claimed")
        }
        return claimed
    }

    /// Completes the job held and claims the next, as a worker does that has more to do, on the store's own thread, as a
    /// caller without a queue between them would; gives the time of each cycle, and the processor's of all.
    private func cycle(
        _ store: isolated Store, _ held: inout ClaimedJob, count: Int
    ) throws -> (times: [Duration], processor: Duration) {
        let processor = threadTime()
        var times: [Duration] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = ContinuousClock.now
            let outcome = Outcome(answer: "352", end: .answered, reward: nil)
            guard
                let next = try store.settleJobAndClaim(held.claim, .completed(outcome), now: BenchState.now)
            else { throw BenchError(description: "the prepared jobs ran out") }
            held = next
            times.append(.now - start)
        }
        return (times, threadTime() - processor)
    }

    private func onOneLine(_ sql: String) -> String {
        sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
