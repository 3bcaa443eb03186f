import CSystem
import Glibc
import Synchronization

/// A confined command's own directory, the only place it can write to. It goes with the last reference, or before.
final class ScratchDirectory: Sendable {
    /// Without symbolic links.
    let path: String
    private let isRemoved = Atomic<Bool>(false)

    init(in parent: String) throws(Errno) {
        var template = Array("\(realPath(parent))/londi-command-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(number: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { remove() }

    /// Removes it with all that is in it; nobody may be writing there any more. What cannot be removed is left to whoever
    /// tidies the directory above.
    func remove() {
        if !isRemoved.exchange(true, ordering: .acquiringAndReleasing) { _ = londi_remove_tree(path) }
    }
}
