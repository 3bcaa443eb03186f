import Domain
import Glibc

/// A secret by which a server knows its users. It goes into requests and nowhere else: whoever prints it sees no more than
/// that there is one.
struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let longestBytes = 8192

    private let secret: String

    /// Why a file holds no key; never what it holds.
    struct Unreadable: Error, Equatable {
        let reason: String
    }

    /// Reads the one line of a file that others may not read.
    init(path: String) throws(Unreadable) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Unreadable(reason: errnoText()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Unreadable(reason: "it is no regular file")
        }
        guard status.st_mode & S_IROTH == 0 else {
            throw Unreadable(reason: "everybody may read it; `chmod o= \(path)` ends that")
        }
        var bytes = [UInt8](repeating: 0, count: Self.longestBytes + 1)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Unreadable(reason: errnoText()) }
        guard count <= Self.longestBytes else { throw Unreadable(reason: "it has over \(Self.longestBytes) bytes") }
        var key = bytes[..<count]
        while let last = key.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { key.removeLast() }
        guard !key.isEmpty else { throw Unreadable(reason: "it is empty") }
        // Anything else would end the header or the line.
        guard key.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Unreadable(reason: "it is not one line of printable ASCII without blanks")
        }
        secret = String(decoding: key, as: UTF8.self)
    }

    /// The request's header line.
    var header: String { "Authorization: Bearer \(secret)" }

    /// A server's words without the key, which some repeat when they refuse it.
    func redacting(_ text: String) -> String { text.substituting("[key]", for: secret) }

    var description: String { "[key]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
