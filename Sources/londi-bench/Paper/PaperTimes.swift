import Control
import Domain
import Episodes

/// What londid says that steps have waited for since it started.
struct StepMetrics {
    private let seconds: [StepWait: Double]

    init(of client: ControlClient) async throws {
        let text = try await client.call(ReadMetrics.self, .init()).text
        var seconds: [StepWait: Double] = [:]
        for part in StepWait.allCases {
            let sample = "\nlondi_step_seconds_total{part=\"\(part.rawValue)\"} "
            guard let found = text.firstRange(of: sample),
                let value = Double(text[found.upperBound...].prefix { $0 != "\n" })
            else { throw BenchError(description: "londid's metrics do not say what steps wait for (\(part.rawValue))") }
            seconds[part] = value
        }
        self.seconds = seconds
    }

    /// What came to it since `earlier`.
    func since(_ earlier: StepMetrics) -> [StepWait: Double] {
        seconds.merging(earlier.seconds) { $0 - $1 }
    }
}

extension PaperTable {
    /// Each policy's pace, and what part of the time of its jobs went where.
    var times: String {
        let parts = StepWait.allCases
        let header =
            "| policy | steps/s | a step of one job, ms | \(parts.map(\.rawValue).joined(separator: " | ")) | the rest |\n"
            + "|---|---|---|" + String(repeating: "---|", count: parts.count + 1)
        let lines = rows.map { row in
            let sample = row.sample
            let known = parts.map(sample.share(of:))
            let shares = (known + [1 - known.reduce(0, +)]).map(\.percent).joined(separator: " | ")
            return "| \(row.arm.name) | \(sample.stepsPerSecond.rounded(0)) "
                + "| \(sample.stepMilliseconds.rounded(1)) | \(shares) |"
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }
}
