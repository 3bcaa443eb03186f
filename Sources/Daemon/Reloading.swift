import Episodes

/// Puts a changed londid.conf in force, as far as that can be done while jobs run.
struct Reloading: Sendable {
    let configuration: LiveConfiguration
    let judge: Judge
    let log: Log

    /// Reads the file again; says in the log what came of it.
    /// - Throws: what is wrong with the file; then nothing has changed.
    func reload() throws(ConfigurationError) -> LiveConfiguration.Change {
        let change: LiveConfiguration.Change
        do throws(ConfigurationError) { change = try configuration.reload() } catch {
            log.tell(.reloadRefused, .error, "reload refused, everything stays as it was:\n\(error)")
            throw error
        }
        let current = configuration.current
        log.setThreshold(current.logLevel)
        judge.replace(commands: current.verifiers)
        log.tell(
            .reloaded, .notice,
            change.applied.isEmpty
                ? "reloaded: nothing to put in force" : "reloaded: \(change.applied.joined(separator: ", "))")
        if let warning = current.trustWarning { log.warning(warning) }
        if !change.needRestart.isEmpty {
            log.warning("a restart is needed for \(change.needRestart.joined(separator: ", "))")
        }
        return change
    }
}
