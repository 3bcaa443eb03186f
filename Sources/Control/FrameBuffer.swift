import Glibc

/// Cuts a stream of bytes into frames: each ends with a NUL byte, which is not part of it.
package struct FrameBuffer {
    /// A buffer that was larger goes with its frames.
    private static let keptBytes = 65_536

    private let limit: Int
    private var bytes: [UInt8] = []
    /// Bytes before it were given out already.
    private var start = 0
    /// No NUL stands between `start` and here.
    private var searched = 0

    /// - Parameter limit: the most bytes of one frame, without its NUL.
    package init(limit: Int) { self.limit = limit }

    /// Bytes that no frame has taken yet.
    package var pendingCount: Int { bytes.count - start }

    /// Makes room for a whole frame at once: growing would take as much again beside what is there.
    mutating func reserve() { bytes.reserveCapacity(start + limit + 1) }

    package mutating func append(_ more: some Collection<UInt8>) {
        if start > 0, start * 2 >= bytes.count {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next whole frame, or nil until more bytes come.
    /// - Throws: `.tooLarge` as soon as the frame is known to exceed the limit.
    package mutating func next() throws(ControlError) -> [UInt8]? {
        let from = searched
        let found: Int? = bytes.withUnsafeBytes { buffer in
            guard from < buffer.count, let base = buffer.baseAddress,
                let hit = memchr(base + from, 0, buffer.count - from)
            else { return nil }
            return hit - UnsafeMutableRawPointer(mutating: base)
        }
        guard let end = found else {
            searched = bytes.count
            guard pendingCount <= limit else { throw .tooLarge(what: "a message, in bytes,", limit: limit) }
            return nil
        }
        guard end - start <= limit else { throw .tooLarge(what: "a message, in bytes,", limit: limit) }
        if start == 0, end == bytes.count - 1, end > Self.keptBytes {
            // All of it is this frame, which needs no copy.
            var frame: [UInt8] = []
            swap(&frame, &bytes)
            frame.removeLast()
            searched = 0
            return frame
        }
        defer {
            start = end + 1
            searched = start
            if start == bytes.count {
                bytes.removeAll(keepingCapacity: bytes.count <= Self.keptBytes)
                start = 0
                searched = 0
            }
        }
        return Array(bytes[start..<end])
    }
}
