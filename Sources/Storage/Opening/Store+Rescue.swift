internal import Glibc

/// Where what was acknowledged lies after a file of the state was moved or removed while londid ran.
package enum Rescue: Hashable, Sendable {
    /// All of it is in the database file, which is where it was.
    case inPlace
    /// A copy of all of it was made there.
    case copied(path: String)
    /// It could not be saved: only the files that were moved away have it.
    case failed(reason: String)
}

extension Store {
    private static let mostRescues = 10_000

    /// Saves what was acknowledged, from the files that are still open although their names have gone. Nothing else may be
    /// asked of the store before or after.
    package func rescue() -> Rescue {
        do throws(StorageError) {
            if watch.hasDatabase, try database.rescueLog() { return .inPlace }
            let prefix = "\(directory)/state.sqlite.rescued-"
            let number = (1...Self.mostRescues).first { !StateDirectory.exists("\(prefix)\($0)") }
            let path = "\(prefix)\(number ?? Self.mostRescues)"
            try StateDirectory.createPrivateFile(path)
            do throws(StorageError) {
                try database.run("VACUUM INTO ?", path)
                try StateDirectory.synchronize(path)
                try StateDirectory.synchronize(directory)
            } catch {
                unlink(path)
                throw error
            }
            return .copied(path: path)
        } catch { return .failed(reason: error.description) }
    }

    /// Looks whether the state's files are where they were; where not, the use of the state ends.
    package nonisolated func checkPlace() throws(StorageError) {
        do throws(StorageError) { try watch.check() } catch {
            health.note(error)
            throw error
        }
    }

    /// Why the newest commit could not be noted beside the database; nil where it could.
    package var noteFault: String? { database.stateGuard?.noteFault }
}
