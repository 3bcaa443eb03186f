/// One key of londid.conf with what is in force.
package struct ConfigurationEntry: Hashable, Codable, Sendable {
    /// `LogLevel`, `[Quick] Model`; of sections with names `[Verifier]`, whose value is their names.
    package var key: String
    /// As text; empty where nothing is set and there is no default.
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// The configuration that is in force, defaults included.
package enum ShowConfiguration: ControlMethod {
    package static let name = "io.londi.ShowConfiguration"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var entries: [ConfigurationEntry]

        package init(entries: [ConfigurationEntry]) {
            self.entries = entries
        }
    }
}
