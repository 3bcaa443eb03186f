import Control
import Domain
import Storage

extension ControlService {
    func addPruning(to table: inout MethodTable) {
        table.on(Prune.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            var count = 0
            for rule in try await rules(parameters) {
                if !parameters.dryRun {
                    try await answering { () async throws(StorageError) in
                        try await store.notePruning(
                            of: rule.queue, before: rule.before, by: User(peer), now: clock.now())
                    }
                }
                var round = makeRound(rule, isDry: parameters.dryRun)
                while !round.isOver {
                    do throws(StorageError) { count += try await round.step() } catch { throw ControlError(error) }
                    if reply.wantsMore, !round.isOver {
                        try await reply.send(Prune.Reply(jobs: count, finished: false), continues: true)
                    }
                    // A look keeps nobody from writing, and other readers get their turn between two steps.
                    if parameters.dryRun, !Task.isCancelled { continue }
                    // As long again for everybody else.
                    do { try await Task.sleep(for: .milliseconds(round.stepMilliseconds)) } catch {
                        throw .disconnected
                    }
                }
            }
            board.post()
            try await reply.send(Prune.Reply(jobs: count, finished: true))
        }
    }

    private func rules(_ parameters: Prune.Parameters) async throws(ControlError) -> [PruningRule] {
        var queues = try await answering { () async throws(StorageError) in try await reader.queues() }
        if let name = parameters.queue { queues = [try await queue(name)] }
        if let before = parameters.before { return queues.map { PruningRule($0.name, before: before) } }
        let now = clock.now()
        let rules = queues.compactMap { PruningRule(retentionOf: $0, now: now) }
        if rules.isEmpty, let name = parameters.queue {
            throw .conflict(
                what: "queue \(name) keeps its jobs for ever",
                remedy: "name a date with --before, or set its --retention")
        }
        return rules
    }

    private func makeRound(_ rule: PruningRule, isDry: Bool) -> PruningRound {
        PruningRound(rule) { [store, reader, clock] rule, after, limit throws(StorageError) in
            isDry
                ? try await reader.prunable(rule, after: after, limit: limit)
                : try await store.prune(rule, after: after, limit: limit, now: clock.now())
        }
    }
}
