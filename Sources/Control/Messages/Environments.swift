/// Looks whether an environment of londid.conf keeps to the protocol, in a process of its own, and tells each thing that was
/// looked at. For administrators. NotFound where londid.conf has no such environment.
package enum CheckEnvironment: ControlMethod {
    package static let name = "io.londi.CheckEnvironment"
    package static let needs = Authority.admin
    package static let requiresMore = true

    package struct Parameters: Hashable, Codable, Sendable {
        package var name: String

        package init(name: String) {
            self.name = name
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// What the environment must do.
        package var rule: String
        package var passed: Bool
        /// What it did.
        package var detail: String

        package init(rule: String, passed: Bool, detail: String) {
            self.rule = rule
            self.passed = passed
            self.detail = detail
        }
    }
}
