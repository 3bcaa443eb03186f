import Glibc

/// Writes everything into a descriptor of whatever kind.
enum WholeWrite {
    /// Waits where a descriptor that does not block is full.
    /// - Returns: 0, or the errno of the call that failed.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count > 0 {
                written += count
                continue
            }
            let failure = count == 0 ? EIO : errno
            switch failure {
            case EINTR: continue
            case EAGAIN:
                guard wait(for: Int16(POLLOUT), on: descriptor) else { return failure }
            default: return failure
            }
        }
        return 0
    }

    /// Suspends the thread until a descriptor that does not block is ready.
    static func wait(for events: Int16, on descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        while poll(&entry, 1, -1) < 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
