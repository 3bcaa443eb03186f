import Domain

/// Where a user's own londid keeps its things, by the XDG variables: an empty or relative one counts as unset.
/// - Source: XDG Base Directory Specification 0.8.
package struct UserDirectories: Hashable, Sendable {
    private let state: String?
    private let configuration: String?
    private let runtime: String?

    package init(_ environment: [String: String]) {
        func directory(_ name: String) -> String? {
            environment[name].flatMap { $0.begins(with: "/") ? $0 : nil }
        }
        let home = directory("HOME")
        state = directory("XDG_STATE_HOME") ?? home.map { "\($0)/.local/state" }
        configuration = directory("XDG_CONFIG_HOME") ?? home.map { "\($0)/.config" }
        runtime = directory("XDG_RUNTIME_DIR")
    }

    /// The database; nil where neither XDG_STATE_HOME nor HOME is set.
    package var stateDirectory: String? { state.map { "\($0)/londi" } }

    /// londid.conf; nil where neither XDG_CONFIG_HOME nor HOME is set.
    package var configurationPath: String? { configuration.map { "\($0)/londi/londid.conf" } }

    /// Where the control socket may be, the place that londid takes first: a londid that was started without
    /// XDG_RUNTIME_DIR keeps it beside its state.
    package var runtimeDirectories: [String] {
        [runtime.map { "\($0)/londi" }, stateDirectory.map { "\($0)/run" }].compactMap(\.self)
    }
}
