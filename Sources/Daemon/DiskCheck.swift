import Control
import Glibc

/// How the disk that holds the state does.
struct DiskCheck {
    /// Less free room than this is worth a word, and so is less than the database takes: a copy would not fit.
    private static let leastFree: Int64 = 1 << 30
    private static let mostLog: Int64 = 64 << 20
    /// Each transaction waits for one sync.
    private static let mostSyncMilliseconds = 20.0
    private static let syncs = 9

    let directory: String

    var findings: [Finding] { [room, speed, log, permissions] }

    private var room: Finding {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return failure("disk") }
        let free = Int64(status.f_bavail) * Int64(status.f_frsize)
        let size = Self.size(of: "\(directory)/state.sqlite")
        let detail = "\(Self.mebibytes(free)) MiB are free, the state has \(Self.mebibytes(size)) MiB"
        guard free < max(Self.leastFree, size) else { return Finding("disk", .ok, detail) }
        return Finding(
            "disk", free < Self.leastFree / 10 ? .problem : .warning, detail,
            remedy: "make room: a backup or an upgrade needs as much again; londictl prune lets old jobs go")
    }

    /// The median time of appending 4 KiB and syncing them.
    private var speed: Finding {
        let times: [Duration]
        do { times = try SyncedAppend.times(in: directory, count: Self.syncs) } catch {
            return Finding("disk", .problem, error.description, remedy: "repair what the error says")
        }
        let median = (times.sorted()[Self.syncs / 2] / .milliseconds(1) * 100).rounded() / 100
        let detail = "4 KiB are appended and synced in \(median) ms"
        guard median > Self.mostSyncMilliseconds else { return Finding("disk", .ok, detail) }
        return Finding(
            "disk", .warning, detail, remedy: "each step waits for one: put StateDirectory= on a faster disk")
    }

    private var log: Finding {
        let size = Self.size(of: "\(directory)/state.sqlite-wal")
        let detail = "the write-ahead log has \(Self.mebibytes(size)) MiB"
        guard size > Self.mostLog else { return Finding("log", .ok, detail) }
        return Finding(
            "log", .warning, detail, remedy: "it shrinks when nobody reads for long; is an export or a backup running?")
    }

    private var permissions: Finding {
        var status = stat()
        guard stat(directory, &status) == 0 else { return failure("permissions") }
        guard status.st_mode & 0o077 != 0 else { return Finding("permissions", .ok, "\(directory) is londid's alone") }
        return Finding(
            "permissions", .warning, "others may look into \(directory), where prompts and answers are",
            remedy: "chmod 700 \(directory)")
    }

    private func failure(_ subject: String) -> Finding {
        let reason = String(cString: strerror(errno))
        return Finding(subject, .problem, "\(directory): \(reason)", remedy: "repair what the error says")
    }

    private static func mebibytes(_ size: Int64) -> Int64 { size >> 20 }

    /// In bytes; 0 where there is no such file.
    static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
