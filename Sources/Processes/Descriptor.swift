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

    /// Writes a short message to a pipe without waiting for its reader.
    /// - Returns: false where it does not fit as a whole, or nobody reads: the pipe is of no more use.
    package func send(_ bytes: [UInt8]) -> Bool {
        setNonBlocking()
        return writeWithoutSignal(bytes[...]) == bytes.count
    }

    /// Writes to a pipe whose reader may be gone. Returns the count, 0 when the pipe is full, -1 when nobody reads.
    /// A pipe has no MSG_NOSIGNAL, so SIGPIPE is blocked on this thread and taken back out.
    func writeWithoutSignal(_ bytes: ArraySlice<UInt8>) -> Int {
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let count = bytes.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
        guard count < 0 else { return count }
        let failure = errno
        if failure == EPIPE {
            var now = timespec()
            sigtimedwait(&pipeSignal, nil, &now)
        }
        return failure == EAGAIN || failure == EINTR ? 0 : -1
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
