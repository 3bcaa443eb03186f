internal import Hashing

/// What a job asks for, as it is stored.
package struct StoredRequest: Hashable, Sendable {
    /// `JobSpecification` as JSON.
    package let specification: String
    /// It is byte for byte what was submitted, as far as that can be told: a request of an older londid has no hash.
    package let isSound: Bool

    /// The columns that `read` needs, of the table `payload`.
    static let columns = "specification, specification_sha256"

    static func read(_ row: Row) throws(StorageError) -> StoredRequest {
        guard let specification = try row.optionalText("specification") else {
            return StoredRequest(specification: "", isSound: false)
        }
        let hash = try row.optionalBlob("specification_sha256")
        // Bytes that are no UTF-8 have become others here, and so another hash.
        return StoredRequest(
            specification: specification, isSound: hash.map { $0 == SHA256.digest(of: specification) } ?? true)
    }
}
