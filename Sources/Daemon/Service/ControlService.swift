import Control
import Domain
import Environments
import Episodes
import Storage
import Switching

/// Answers the control socket: one function per method, in one file per subject. Nothing here decides about jobs or
/// budgets; it checks, asks the store and tells.
struct ControlService: Sendable {
    let store: Store
    let reader: StoreReader
    /// For what sums up a whole batch or all of a queue's steps: apart, so that nobody else waits for it.
    let overviews: StoreReader
    let intake: BatchIntake
    let judge: Judge
    let environments: EnvironmentPool
    let workers: JobWorkers
    let learner: LearnerLoop
    let retention: RetentionLoop
    let policies: PolicyBook
    let pacing: PacingBook
    let totals: SpendTotals
    let ends: EndTotals
    let texts: any TextEncoding
    let pair: EnginePair
    let times: StepTimes
    let board: ChangeBoard
    let writings: WritingBoard
    let clock: WallClock
    let startedAt: Timestamp
    let isUserMode: Bool
    let reloading: Reloading
    let computing = Computing()
    let estimates = EstimateMemory()
    /// Verifiers are looked at in processes of their own, one at a time for each user.
    let judging = Computing()

    /// The functions of every method of the interface.
    func table(authorization: Authorization) -> MethodTable {
        var table = MethodTable(authorization: authorization)
        addStatus(to: &table)
        addQueues(to: &table)
        addSubmission(to: &table)
        addJobs(to: &table)
        addWatching(to: &table)
        addEndings(to: &table)
        addBatches(to: &table)
        addBudgets(to: &table)
        addPolicies(to: &table)
        addPolicyChanges(to: &table)
        addPolicyInsight(to: &table)
        addAudits(to: &table)
        addPruning(to: &table)
        addBackups(to: &table)
        addReload(to: &table)
        addEnvironments(to: &table)
        addEvents(to: &table)
        addMetrics(to: &table)
        addReport(to: &table)
        addDiagnosis(to: &table)
        let intake = intake
        table.onConnectionClosed { await intake.connectionClosed($0) }
        return table
    }
}

extension ControlService {
    /// The uid whose jobs a caller may see; nil: everybody's.
    static func visibleUser(to peer: Peer) -> UInt32? {
        peer.authority >= .admin ? nil : peer.uid
    }

    /// The most rows that a caller wants; nil where it does not say.
    static func limit(_ limit: Int?) throws(ControlError) -> Int? {
        guard let limit, limit < 1 else { return limit }
        throw .invalidParameter("limit: \(limit) was given, a number from 1 was expected")
    }

    /// A queue, or the error that says there is none.
    func queue(_ name: QueueName) async throws(ControlError) -> QueueRecord {
        try await answering { () async throws(StorageError) in try await reader.queue(name) }
    }
}
