/// Reads londid.conf again and puts in force what can change while jobs run. For administrators.
package enum Reload: ControlMethod {
    package static let name = "io.londi.Reload"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        /// The keys whose new values are in force now.
        package var applied: [String]
        /// The keys whose new values come in force when londid starts again.
        package var needRestart: [String]

        package init(applied: [String], needRestart: [String]) {
            self.applied = applied
            self.needRestart = needRestart
        }
    }
}
