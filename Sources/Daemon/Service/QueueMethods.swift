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
            var isSet = false
            while !isSet {
                // Two changes at once are both made: the later one is applied to what the earlier one left.
                let before = try await queue(parameters.name).settings
                let settings = try parameters.changes.applied(to: before)
                try checkZone(settings.timeZone)
                isSet = try await answering { () async throws(StorageError) in
                    try await store.setQueue(
                        parameters.name, settings, replacing: before, by: User(peer), now: clock.now())
                }
            }
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
