internal import Hashing

/// How rows of a chain are sealed: SHA-256 over the 32 bytes of the seal before (zero bytes before the first row), followed
/// by the row's columns, each as a netstring: the length in bytes as decimal digits, `:`, the content, `,`. So no two rows
/// have the same text, and changing, removing or inserting one breaks every later seal.
enum Seal {
    static let beforeFirst = [UInt8](repeating: 0, count: 32)

    static func text(of columns: [String]) -> String {
        columns.map { "\($0.utf8.count):\($0)," }.joined()
    }

    /// The seal, 32 bytes.
    static func hash(of columns: [String], after previousHash: [UInt8]) -> [UInt8] {
        let hash = SHA256()
        previousHash.withUnsafeBytes { hash.update($0) }
        hash.update(text(of: columns))
        return hash.finish()
    }
}
