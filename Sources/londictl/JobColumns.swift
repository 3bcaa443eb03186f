import Control
import Domain

/// The columns of tables of jobs.
enum JobColumns {
    static func all(now: Timestamp) -> [Column<JobView>] {
        [
            Column("job", isRight: true) { $0.job.description },
            Column("queue") { $0.queue.text },
            Column("batch", isMinor: true) { $0.batch?.description ?? "" },
            Column("id") { $0.customID ?? "" },
            Column("state", style: { $0.state.style }) { $0.state.rawValue },
            Column("reason") { $0.pendingReason?.rawValue ?? $0.faultCode ?? "" },
            Column("steps", isRight: true, isMinor: true) { "\($0.steps)" },
            Column("deepthink", isRight: true, isMinor: true) { "\($0.deepthinkSteps)" },
            Column("gpu_s", isRight: true, isMinor: true) {
                Phrase.seconds(($0.quickSpend + $0.deepthinkSpend).gpuMilliseconds)
            },
            Column("reward", isRight: true) { Phrase.reward($0.reward) },
            Column("age") { Phrase.relative($0.endedAt ?? $0.startedAt ?? $0.submittedAt, now: now) },
            Column("user", isDefault: false) { $0.user },
            Column("priority", isRight: true, isDefault: false) { "\($0.priority)" },
            Column("attempt", isRight: true, isDefault: false) { "\($0.attempt)" },
            Column("tokens", isRight: true, isDefault: false) { "\(($0.quickSpend + $0.deepthinkSpend).tokens)" },
            Column("end", isDefault: false) { $0.end?.rawValue ?? "" },
            Column("submitted", isDefault: false) { RFC3339.text(of: $0.submittedAt) },
            Column("started", isDefault: false) { $0.startedAt.map { RFC3339.text(of: $0) } ?? "" },
            Column("ended", isDefault: false) { $0.endedAt.map { RFC3339.text(of: $0) } ?? "" },
        ]
    }
}
