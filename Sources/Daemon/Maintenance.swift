import Control
import Domain
import Glibc
import Storage

/// What londid does with its state and with backups instead of running.
enum Maintenance {
    /// Checks a backup, or restores it, and returns the exit status.
    static func run(backup: String, restoringInto directory: String?) async -> Int32 {
        do throws(StorageError) {
            guard let directory else {
                print("\(backup): sound; \(text(try await Restoration.check(backup)))")
                return 0
            }
            let report = try await Restoration.restore(backup, into: directory, now: WallClock().now())
            print("restored \(backup) into \(directory); \(text(report))")
            if let previous = report.previousPath {
                print("the state before lies in \(previous), with its -wal if it had one")
            }
            print("what was spent after the backup was made is unknown to the budgets: today's may be used twice")
            return 0
        } catch {
            var message = "\(error)\n"
            message.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
            return 1
        }
    }

    /// Goes on with a state that is older than its note, records that, and returns the exit status.
    static func accept(_ directory: String) async -> Int32 {
        do throws(StorageError) {
            let store = try Store(directory: directory, now: WallClock().now(), acceptsOlder: true)
            print(
                store.missing.map { "\(directory) is accepted as it is, and that is recorded: \($0)" }
                    ?? "\(directory) lacks nothing of what was noted: there was nothing to accept")
            return 0
        } catch {
            var message = "\(error)\n"
            message.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
            return 1
        }
    }

    private static func text(_ report: Restoration.Report) -> String {
        guard let seal = report.books.lastHash, let at = report.lastEntryAt else { return "its ledger is empty" }
        return "its last ledger entry is \(report.books.entryCount), of \(RFC3339.text(of: at)), sealed \(seal)"
    }
}
