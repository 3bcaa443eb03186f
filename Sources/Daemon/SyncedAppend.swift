import Glibc

/// What a durable write costs on a disk.
package enum SyncedAppend {
    /// A file could not be made, written or synced.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Appends 4 KiB and syncs them, `count` times, to a file of its own in `directory` that is gone afterwards.
    /// - Returns: the time of each.
    package static func times(in directory: String, count: Int) throws(Failure) -> [Duration] {
        let path = "\(directory)/speed-\(getpid())"
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 0x6c, count: 4096)
        var times: [Duration] = []
        for _ in 0..<count {
            let start = ContinuousClock.now
            guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else { throw failure(path) }
            times.append(.now - start)
        }
        return times
    }

    private static func failure(_ path: String) -> Failure {
        Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
}
