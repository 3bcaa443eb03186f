import Domain
import Glibc

/// A file's name as the kernel knows it: bytes, which need not be UTF-8.
///
/// A String cannot hold such bytes. On the way from argv to whoever opens the file, each byte that is not UTF-8 stands as
/// one scalar at the end of the last plane for private use. So does each byte of such a scalar, and no two names become one.
struct FileName: Hashable, Sendable, CustomStringConvertible {
    /// Where byte 0 would be.
    private static let escapeBase: UInt32 = 0x10_ff00
    private static let escapes: ClosedRange<UInt32> = 0x10_ff80...0x10_ffff

    /// Without the NUL that ends a C string.
    let bytes: [UInt8]

    /// - Parameter argument: a word of the command line, as `argument` makes it.
    init(_ argument: String) {
        var bytes: [UInt8] = []
        for scalar in argument.unicodeScalars {
            if Self.escapes.contains(scalar.value) {
                bytes.append(UInt8(scalar.value - Self.escapeBase))
            } else {
                bytes += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
        self.bytes = bytes
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The bytes of a word of the command line as a text; all of it is kept.
    static func argument(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self), isText(text) { return text }
        return pieces(of: bytes) { byte in
            Unicode.Scalar(escapeBase + UInt32(byte)).map { String($0) } ?? ""
        } whole: {
            isText($0)
        }
    }

    /// Whether a word of the command line is UTF-8, as everything but a file's name has to be.
    static func isText(_ argument: String) -> Bool {
        !argument.unicodeScalars.contains { escapes.contains($0.value) }
    }

    /// Valid characters as `whole` likes them, and other bytes by `escaped`.
    private static func pieces(
        of bytes: [UInt8], escaped: (UInt8) -> String, whole: (String) -> Bool
    ) -> String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let lengths = (1...4).lazy.compactMap { String(validating: rest.prefix($0), as: UTF8.self) }
            if let scalar = lengths.first(where: { !$0.isEmpty }), whole(scalar) {
                text += scalar
                rest = rest.dropFirst(scalar.utf8.count)
            } else {
                text += escaped(first)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// For people: control characters are replaced, and bytes that are not UTF-8 are shown as `\xff`.
    var description: String {
        let text = Self.pieces(of: bytes) { byte in
            "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        } whole: { _ in
            true
        }
        return Plain.text(text, keepsLines: false)
    }

    /// Hands the name on as a C string.
    func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            guard let path = buffer.baseAddress else { preconditionFailure("a name ends with a NUL") }
            return body(path)
        }
    }

    /// The last part of a path.
    var last: FileName { FileName(bytes: Array(bytes.split(separator: UInt8(ascii: "/")).last ?? bytes[...])) }

    /// The directory that a path is in, with its slash; `./` for a name alone.
    var directory: FileName {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return FileName("./") }
        return FileName(bytes: Array(bytes[...slash]))
    }

    /// The name with more behind it.
    func appending(_ text: String) -> FileName { FileName(bytes: bytes + text.utf8) }

    /// Whether anything is there, a link that leads nowhere included.
    var exists: Bool {
        var status = stat()
        return withPath { lstat($0, &status) } == 0
    }
}
