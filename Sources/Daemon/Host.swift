import Domain
import Glibc

/// What londid asks of the machine it starts on.
enum Host {
    /// Makes a directory and those above it that are missing; one that exists is left as it is.
    static func makeDirectory(_ path: String, mode: mode_t) throws(HostError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        let failure = errno
        guard failure == ENOENT, let slash = path.unicodeScalars.lastIndex(of: "/"), slash > path.startIndex else {
            throw HostError(path: path, reason: String(cString: strerror(failure)))
        }
        try makeDirectory(String(path[..<slash]), mode: 0o755)
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw HostError(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// The number of a group; nil where the machine has no such group.
    static func group(named name: String) -> UInt32? {
        var buffer = [CChar](repeating: 0, count: 65_536)
        var entry = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
        return entry.gr_gid
    }
}

/// A directory that londid needs and cannot make.
struct HostError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String {
        "the directory \(path) cannot be made: \(reason); make it yourself, or name another one in londid.conf"
    }
}
