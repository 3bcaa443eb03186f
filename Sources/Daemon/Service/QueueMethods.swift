import Control
import Domain
import Storage

extension ControlService {
    func addQueues(to table: inout MethodTable) {
        table.on(CreateQueue.self) { parameters, peer, reply throws(ControlError) in
            try parameters.settings.validate()
            try checkZone(parameters.settings.timeZone)
            try await answering { () async throws(StorageError) in
                try await store.createQueue(
                    parameters.name, parameters.settings, by: User(peer), now: clock.now())
            }
            board.post()
            retention.noteSettings()
            try await reply.send(CreateQueue.Reply(queue: QueueView(try await queue(parameters.name))))
        }
        table.on(SetQueue.self) { parameters, peer, reply throws(ControlError) in
            // Whoever else changed the queue in between keeps what they changed.
            while try await !change(parameters, by: User(peer)) {}
            board.post()
            learner.note(parameters.name)
            retention.noteSettings()
            try await reply.send(SetQueue.Reply(queue: QueueView(try await queue(parameters.name))))
        }
        table.on(ListQueues.self) { _, _, reply throws(ControlError) in
            let queues = try await answering { () async throws(StorageError) in try await reader.queues() }
            try await reply.send(ListQueues.Reply(queues: queues.map(QueueView.init)))
        }
    }

    /// false where the queue was changed by somebody else meanwhile.
    private func change(_ parameters: SetQueue.Parameters, by user: User) async throws(ControlError) -> Bool {
        let known = try await queue(parameters.name).settings
        let settings = try parameters.changes.applied(to: known)
        try checkZone(settings.timeZone)
        return try await answering { () async throws(StorageError) in
            try await store.setQueue(parameters.name, settings, from: known, by: user, now: clock.now())
        }
    }

    private func checkZone(_ name: String) throws(ControlError) {
        do throws(ZoneError) { _ = try Zone(name) } catch {
            throw .invalidArgument(argument: "timeZone", value: name, remedy: error.description)
        }
    }
}

extension QueueView {
    init(_ record: QueueRecord) {
        self.init(name: record.name, settings: record.settings, jobs: JobCounts(record), createdAt: record.createdAt)
    }
}
