/// Streams a consistent copy of the whole state, made while everything goes on. For administrators.
package enum Backup: ControlMethod {
    package static let name = "io.londi.Backup"
    package static let needs = Authority.admin
    package static let requiresMore = true

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        /// The bytes of the whole copy.
        package var total: Int
        /// The next bytes, in base64.
        package var data: String
        /// Of the whole copy, lower-case hexadecimal; in the last reply.
        package var sha256: String?

        package init(total: Int, data: String, sha256: String? = nil) {
            self.total = total
            self.data = data
            self.sha256 = sha256
        }
    }
}
