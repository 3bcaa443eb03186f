import Control
import Storage

extension ControlService {
    /// How many events are told where the caller does not say.
    private static let eventLimit = 100

    func addEvents(to table: inout MethodTable) {
        table.on(ListEvents.self) { parameters, _, reply throws(ControlError) in
            let limit = try Self.limit(parameters.limit) ?? Self.eventLimit
            let events = try await answering { () async throws(StorageError) in
                try await reader.adminEvents(
                    actions: parameters.actions, subject: parameters.subject, before: parameters.before, limit: limit)
            }
            try await reply.send(ListEvents.Reply(events: events.map(EventView.init)))
        }
    }
}

extension EventView {
    fileprivate init(_ event: AdminEvent) {
        self.init(
            sequence: event.sequence, at: event.at, user: event.user.name, action: event.action,
            subject: event.subject, detail: event.detail)
    }
}
