import Glibc
import PowerLoss
import Storage
import Synchronization

/// A disk in memory whose power can be cut and whose operations can fail, as an SQLite VFS with a name of its own.
final class PowerDisk: @unchecked Sendable {
    enum Operation: Int32, CaseIterable { case write, sync, truncate }

    private static let count = Atomic<Int>(0)

    let name: String
    private let disk: OpaquePointer

    init(seed: UInt64) {
        name = "power-\(PowerDisk.count.add(1, ordering: .relaxed).newValue)"
        disk = londi_disk_create(name, seed)
    }

    deinit { londi_disk_free(disk) }

    var cutCount: Int { Int(londi_disk_cuts(disk)) }
    func count(_ operation: Operation) -> Int { Int(londi_disk_count(disk, operation.rawValue)) }
    func syncDirectory() { londi_disk_sync_directory(disk) }
    func ignoreSyncs() { londi_disk_ignore_syncs(disk) }
    func cutOften(mean: Int, prefix: String) { londi_disk_cut_often(disk, UInt64(mean), prefix) }

    /// Each image gets a copy of this file as it is then.
    func accompany(_ path: String) { londi_disk_accompany(disk, path) }

    /// What a power cut now would leave.
    func image() -> TemporaryDirectory {
        let directory = TemporaryDirectory()
        precondition(londi_disk_cut(disk, directory.path) == 0, "cannot write an image")
        return directory
    }

    /// Lets operations fail with a code of SQLite's, from the `first` one that is still to come.
    func fail(_ operation: Operation, first: Int, count: Int = 1, code: Int32) {
        londi_disk_fail(disk, operation.rawValue, UInt64(first), UInt64(count), code)
    }

    func mend() {
        for operation in Operation.allCases { fail(operation, first: 1, count: 0, code: 0) }
    }
}

/// A number from the environment, for longer runs than usual.
func environmentNumber(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
