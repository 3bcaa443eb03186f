import CSystem
import Glibc
import Synchronization

/// An open file descriptor, closed when the last reference goes, or before.
package final class Descriptor: Sendable {
    package let number: Int32
    private let isClosed = Atomic<Bool>(false)

    /// Takes ownership.
    package init(_ number: Int32) { self.number = number }

    deinit { close() }

    /// Closes it now, such as the end of a pipe whose reader waits for the end of input. The number may be given to a
    /// stranger afterwards: nobody may be using it.
    package func close() {
        if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { Glibc.close(number) }
    }

    /// A pipe whose two ends no child inherits.
    static func pipe() throws(Errno) -> (read: Descriptor, write: Descriptor) {
        var ends: [Int32] = [-1, -1]
        let status = londi_pipe(&ends)
        guard status == 0 else { throw Errno(number: -status) }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// /dev/null, open for reading and writing.
    static func null() throws(Errno) -> Descriptor {
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw Errno(number: errno) }
        return Descriptor(number)
    }

    func setNonBlocking() {
        let flags = fcntl(number, F_GETFL)
        precondition(flags >= 0 && fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0, "a pipe refused O_NONBLOCK")
    }
}

/// A system call's error number, said in words.
struct Errno: Error, Equatable, CustomStringConvertible {
    let number: Int32

    var description: String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
