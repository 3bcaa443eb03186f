import Glibc

/// Reads a file from its beginning, in order, through a buffer.
final class FileBytes {
    private static let bufferBytes = 1 << 20

    let sizeBytes: Int64
    private(set) var position: Int64 = 0
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var next = 0

    /// The file ended too early, or the system failed to read it.
    enum Failure: Error, Equatable {
        case cannotOpen(reason: String)
        case ended(atByte: Int64)
        case cannotRead(reason: String)
    }

    init(path: String) throws(Failure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(reason: errnoText()) }
        var status = stat()
        let isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        sizeBytes = isRegular ? Int64(status.st_size) : 0
        guard isRegular else {
            // Every property has its value now, so deinit closes the file.
            throw .cannotOpen(reason: "it is no regular file")
        }
    }

    deinit { close(descriptor) }

    /// The next bytes, at most a buffer's; empty at the file's end.
    func chunk() throws(Failure) -> ArraySlice<UInt8> {
        if next == buffer.count { try fill() }
        defer {
            position += Int64(buffer.count - next)
            next = buffer.count
        }
        return buffer[next...]
    }

    func bytes(_ count: Int) throws(Failure) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            if next == buffer.count { try fill() }
            guard next < buffer.count else { throw .ended(atByte: position) }
            let taken = min(count - result.count, buffer.count - next)
            result += buffer[next..<next + taken]
            next += taken
            position += Int64(taken)
        }
        return result
    }

    func skip(_ count: Int64) throws(Failure) {
        guard count >= 0, count <= sizeBytes - position else { throw .ended(atByte: sizeBytes) }
        position += count
        if Int64(next) + count <= Int64(buffer.count) {
            next += Int(count)
        } else {
            buffer = []
            next = 0
            guard lseek(descriptor, off_t(position), SEEK_SET) >= 0 else { throw .cannotRead(reason: errnoText()) }
        }
    }

    /// A little-endian number of the type's width.
    func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws(Failure) -> Number {
        let width = Number.bitWidth / 8
        // The common case takes no allocation: a vocabulary has a hundred thousand of these.
        if buffer.count - next >= width {
            var value: Number = 0
            for index in 0..<width {
                value |= Number(truncatingIfNeeded: buffer[next + index]) << Number(truncatingIfNeeded: 8 * index)
            }
            next += width
            position += Int64(width)
            return value
        }
        var value: Number = 0
        for (index, byte) in try bytes(width).enumerated() {
            value |= Number(truncatingIfNeeded: byte) << Number(truncatingIfNeeded: 8 * index)
        }
        return value
    }

    private func fill() throws(Failure) {
        buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        var count = read(descriptor, &buffer, buffer.count)
        while count < 0 && errno == EINTR { count = read(descriptor, &buffer, buffer.count) }
        next = 0
        if count < 0 {
            buffer = []
            throw .cannotRead(reason: errnoText())
        }
        buffer.removeLast(buffer.count - count)
    }
}

/// The last system call's error in words.
func errnoText() -> String {
    let number = errno
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
}
