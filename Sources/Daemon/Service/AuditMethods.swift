import Control
import Domain
import Storage

/// Audits look at much of the database, so each has a reader of its own: nobody waits for it, and it ends when its caller
/// closes the connection.
extension ControlService {
    /// Ledger entries in one message.
    private static let exportChunk = 1_000

    func addAudits(to table: inout MethodTable) {
        table.on(VerifyBooks.self) { _, peer, reply throws(ControlError) in
            try await computing.run(for: peer) { () async throws(ControlError) -> Void in try await verify(reply) }
        }
        table.on(ExportLedger.self) { parameters, _, reply throws(ControlError) in
            try await export(parameters, reply)
        }
        table.on(ReplayPolicy.self) { parameters, peer, reply throws(ControlError) in
            try await computing.run(for: peer) { () async throws(ControlError) -> Void in
                try await replay(parameters.queue, reply)
            }
        }
    }

    private func verify(_ reply: MethodReply<VerifyBooks>) async throws(ControlError) {
        let store = store
        let report = try await reporting { (tell: @escaping @Sendable (BooksProgress) -> Void) throws(StorageError) in
            try await store.makeAuditReader().verifyBooks(progress: tell)
        } tell: { progress throws(ControlError) in
            guard reply.wantsMore else { return }
            try await reply.send(
                VerifyBooks.Reply(
                    check: progress.check.rawValue, entries: progress.entryCount, total: progress.total),
                continues: true)
        }
        try await reply.send(
            VerifyBooks.Reply(
                entries: report.entryCount, total: report.entryCount, lastHash: report.lastHash,
                events: report.eventCount, eventsSealedAt: report.eventsSealedAt,
                differences: report.differences.map { difference in
                    BookDifferenceView(
                        check: difference.check.rawValue, subject: difference.subject, expected: difference.expected,
                        found: difference.found)
                }))
    }

    private func export(
        _ parameters: ExportLedger.Parameters, _ reply: MethodReply<ExportLedger>
    ) async throws(ControlError) {
        if let name = parameters.queue { _ = try await queue(name) }
        let days = try Self.days(parameters.from ?? DayKey(daysSinceEpoch: .min), through: parameters.to)
        let filter = LedgerFilter(days: days, queue: parameters.queue)
        let store = store
        let reader = try await answering { () async throws(StorageError) in try store.makeAuditReader() }
        let through = try await answering { () async throws(StorageError) in try await reader.lastLedgerEntry() }
        var last: Int64 = 0
        while true {
            let after = last
            let entries = try await answering { () async throws(StorageError) in
                try await reader.ledgerEntries(after: after, through: through, filter, limit: Self.exportChunk)
            }
            let isLast = entries.count < Self.exportChunk
            try await reply.send(ExportLedger.Reply(entries: entries.map(LedgerEntryView.init)), continues: !isLast)
            guard !isLast, let newest = entries.last else { return }
            last = newest.entry.sequence
        }
    }

    private func replay(_ name: QueueName, _ reply: MethodReply<ReplayPolicy>) async throws(ControlError) {
        _ = try await queue(name)
        let store = store
        let replay = PolicyReplay(
            reader: try await answering { () async throws(StorageError) in try store.makeAuditReader() })
        let versions = try await answering { () async throws(StorageError) in
            try await replay.reader.policyVersions(name)
        }
        let pruned = try await answering { () async throws(StorageError) in
            try await replay.reader.prunedPolicies(name)
        }
        let total = pruned.count + versions.count
        let gone = pruned.map { pruned in
            PolicyReplayView(
                version: pruned.version, verdict: .notReproducible,
                reason: "its weights went at \(RFC3339.text(of: pruned.prunedAt)): a queue keeps "
                    + "\(Store.mostPolicyVersions) versions, ever fewer of old ones")
        }
        if !gone.isEmpty { try await reply.send(ReplayPolicy.Reply(total: total, versions: gone), continues: true) }
        for version in versions {
            let view = try await answering { () async throws(StorageError) in try await replay.replay(version) }
            try await reply.send(ReplayPolicy.Reply(total: total, versions: [view]), continues: true)
        }
        try await reply.send(ReplayPolicy.Reply(total: total, versions: []))
    }
}

extension LedgerEntryView {
    fileprivate init(_ sealed: SealedEntry) {
        let entry = sealed.entry
        self.init(
            sequence: entry.sequence, at: entry.at, day: entry.day, queue: entry.queue, userID: entry.submitterUID,
            batch: entry.batch.map(BatchID.init), job: JobID(entry.job), episode: entry.episode, step: entry.step,
            role: entry.role, model: entry.model, kind: entry.kind.rawValue, isExploration: entry.isExploration,
            calls: entry.calls, promptTokens: entry.promptTokens, cachedTokens: entry.cachedTokens,
            generatedTokens: entry.generatedTokens, gpuMilliseconds: entry.gpuMilliseconds,
            previousHash: sealed.previousHash, hash: sealed.hash)
    }
}
