import Synchronization

/// The environments' processes: each is lent to one episode at a time and used again by the next. Broken ones are dropped.
package final class EnvironmentPool: Sendable {
    private struct Idle {
        let process: EnvironmentProcess
        /// It was idle already when the idle ones were last looked through.
        var isForgotten = false
    }

    private struct State {
        /// Not lent, the one that came back last at the end.
        var idle: [Idle] = []
        var lentCount = 0

        /// Lends an idle process; where there is none, those go that a new one has no room beside.
        mutating func lend(
            _ name: String, limit: Int
        ) -> (found: EnvironmentProcess?, superfluous: [EnvironmentProcess]) {
            idle.removeAll { !$0.process.isUsable }
            lentCount += 1
            if let index = idle.lastIndex(where: { $0.process.configuration.name == name }) {
                return (idle.remove(at: index).process, [])
            }
            let excess = min(idle.count, max(0, idle.count + lentCount - limit))
            let superfluous = idle.prefix(excess).map(\.process)
            idle.removeFirst(excess)
            return (nil, superfluous)
        }
    }

    private let configurations: [String: EnvironmentConfiguration]
    /// The most processes at once, but for those that are lent beyond it.
    private let limit: Int
    private let state = Mutex(State())

    package init(_ configurations: [EnvironmentConfiguration], limit: Int) {
        self.configurations = Dictionary(uniqueKeysWithValues: configurations.map { ($0.name, $0) })
        self.limit = limit
    }

    /// The environment's settings, or the error that there is none of the name.
    package func configuration(of name: String) throws(EnvironmentError) -> EnvironmentConfiguration {
        guard let configuration = configurations[name] else {
            throw .unknown(name: name, known: configurations.keys.sorted())
        }
        return configuration
    }

    /// Lends a process, an idle one or a new one. It is to be given back, broken or not.
    package func borrow(_ name: String) async throws(EnvironmentError) -> EnvironmentProcess {
        let configuration = try configuration(of: name)
        let (found, superfluous) = state.withLock { $0.lend(name, limit: limit) }
        for process in superfluous { await process.close() }
        if let found { return found }
        do throws(EnvironmentError) { return try await EnvironmentProcess.start(configuration) } catch {
            state.withLock { $0.lentCount -= 1 }
            throw error
        }
    }

    package func giveBack(_ process: EnvironmentProcess) {
        state.withLock { state in
            state.lentCount -= 1
            if process.isUsable { state.idle.append(Idle(process: process)) }
        }
    }

    /// Ends the processes that nobody has borrowed since the last call: a simulator may hold hundreds of megabytes.
    package func closeForgotten() async {
        let forgotten = state.withLock { state in
            let forgotten = state.idle.filter(\.isForgotten).map(\.process)
            state.idle.removeAll { $0.isForgotten }
            for index in state.idle.indices { state.idle[index].isForgotten = true }
            return forgotten
        }
        for process in forgotten { await process.close() }
    }

    /// Ends the idle processes.
    package func close() async {
        let idle = state.withLock { state in
            let idle = state.idle.map(\.process)
            state.idle = []
            return idle
        }
        for process in idle { await process.close() }
    }
}
