import Control
import Storage

extension ControlService {
    func addAudits(to table: inout MethodTable) {
        table.on(VerifyBooks.self) { _, _, reply throws(ControlError) in
            // A connection of its own, so that nobody waits while the whole database is read.
            let report = try await answering { () async throws(StorageError) in
                try await store.makeReader().verifyBooks()
            }
            try await reply.send(
                VerifyBooks.Reply(
                    entries: report.entryCount, lastHash: report.lastHash,
                    differences: report.differences.map { difference in
                        BookDifferenceView(
                            check: difference.check.rawValue, subject: difference.subject,
                            expected: difference.expected, found: difference.found)
                    }))
        }
    }
}
