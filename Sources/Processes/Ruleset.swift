import CSystem
import Glibc

/// What Landlock lets a child do with files: nothing but what was allowed.
struct Ruleset: ~Copyable {
    enum Access: Int32 {
        /// Read and run what is there.
        case read = 0
        /// Everything.
        case write = 1
        /// Make sockets in a directory.
        case bind = 2
    }

    let descriptor: Descriptor
    /// Landlock's.
    let version: Int

    init(version: Int) throws(Errno) {
        let number = londi_ruleset(Int32(version))
        guard number >= 0 else { throw Errno(number: -number) }
        descriptor = Descriptor(number)
        self.version = version
    }

    /// Allows the access at and below a path. False where there is no such path, or londid itself cannot get there.
    @discardableResult
    func allow(_ path: String, _ access: Access) throws(Errno) -> Bool {
        let status = londi_allow(descriptor.number, Int32(version), path, access.rawValue)
        if status == -ENOENT || status == -EACCES { return false }
        guard status == 0 else { throw Errno(number: -status) }
        return true
    }
}
