import Control

extension ControlService {
    func addReload(to table: inout MethodTable) {
        table.on(Reload.self) { _, _, reply throws(ControlError) in
            let change: LiveConfiguration.Change
            do throws(ConfigurationError) { change = try reloading.reload() } catch {
                throw .invalidConfiguration(problems: error.problems.map(\.description))
            }
            try await reply.send(.init(applied: change.applied, needRestart: change.needRestart))
        }
    }
}
