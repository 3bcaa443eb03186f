import Domain
import Storage

/// DEEPTHINK steps of many jobs in turn: each is begun with a reservation and finished with its real use.
struct BudgetBench {
    private static let chains = 64

    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let steps = options.jobCount > 0 ? options.jobCount : 4000
        for (place, title) in [(options.directory, "disk"), ("/dev/shm", "tmpfs")] {
            let workplace = try Workplace(in: place)
            try await BenchState.make(
                in: "\(workplace.path)/state", total: 1000, pending: 1000,
                limits: BudgetLimits(calls: 1_000_000_000, tokens: 1_000_000_000_000))
            let recording = Recording()
            let store = try Store(directory: "\(workplace.path)/state", now: BenchState.now)
            recording.end()
            let times = try await measure(store, steps: steps)
            let distribution = Distribution(times)
            if report.notes.isEmpty {
                report.note(
                    "pragmas: "
                        + recording.texts(0..<recording.count).filter { $0.hasPrefix("PRAGMA") }.joined(separator: " "))
            }
            report.add(
                "\(title): step begun with a reservation and finished, \(Self.chains) chains",
                Double(times.count) / seconds(times.reduce(.zero, +)), "steps/s")
            report.add("\(title): step p50", Double(microseconds(distribution.at(0.5))), "us")
            report.add("\(title): step p99", Double(microseconds(distribution.at(0.99))), "us")
            try await workplace.remove()
        }
    }

    /// The time of both transactions of each step, on the store's own thread.
    private func measure(_ store: isolated Store, steps: Int) throws -> [Duration] {
        let claims = try (0..<Self.chains).map { _ in
            guard let claimed = try store.claim(now: BenchState.now) else {
                throw BenchError(description: "the prepared jobs ran out")
            }
            return claimed.claim
        }
        let features = [Float](repeating: 0.25, count: 64)
        var times: [Duration] = []
        // All chains' steps are open at once, as with 64 slots.
        for index in 0..<max(1, steps / claims.count) {
            var begun: [(StepID, Duration)] = []
            for claim in claims {
                let start = ContinuousClock.now
                let step = try store.beginStep(
                    StepStart(
                        claim: claim, index: index, day: DayKey(daysSinceEpoch: 20775),
                        worstCase: Spend(calls: 1, tokens: 2000, gpuMilliseconds: 60_000), quickModel: "quick",
                        deepthinkModel: "deepthink", pairKey: "quick+deepthink", now: BenchState.now)
                ) { _, _ in .write(Decision(role: .deepthink, propensity: 0.5, seed: 7), features: features) }
                guard case .begun(let id, _, _) = step else {
                    throw BenchError(description: "a step was refused: \(step)")
                }
                begun.append((id, .now - start))
            }
            for (claim, (step, duration)) in zip(claims, begun) {
                let generated = Generated(
                    text: "12 x 34 = 408", stopReason: .paragraph, promptTokens: 100, generatedTokens: 60,
                    gpuMilliseconds: 1500)
                let start = ContinuousClock.now
                guard try store.finishStep(step, claim, generated, now: BenchState.now) == .settled else {
                    throw BenchError(description: "step \(step) could not be finished")
                }
                times.append(duration + (.now - start))
            }
        }
        return times
    }
}
