import Control
import Domain

extension Command {
    static let events = Command(
        words: ["events"], summary: "List who changed what and when: queues, budgets, policies, jobs; newest first",
        options: [
            CommandOption("follow", short: "f", nil, "go on with what changes from now, oldest first"),
            CommandOption("limit", "N", "at most so many; 100 by default"),
        ],
        examples: ["events --limit 20", "events --follow --jsonl"], output: .table
    ) { invocation async throws(CommandError) in
        guard !(invocation.isSet("follow") && invocation.isSet("json")) else {
            throw .usage("--json prints one object; --follow goes with --jsonl")
        }
        let columns = EventText.columns(now: invocation.console.now)
        var listing = try Listing(columns, invocation)
        let reply = try await Session(invocation).call(ListEvents.self, .init(limit: try invocation.limit()))
        guard invocation.isSet("follow") else {
            listing.print(reply.events, of: reply)
            return .ok
        }
        InterruptNotice.set("\n")
        listing.print(reply.events.reversed())
        var last = reply.events.first?.sequence ?? 0
        var daemon = try Reconnection(invocation)
        while true {
            do throws(CommandError) {
                let session = try daemon.session()
                while true {
                    let new = try await session.call(ListEvents.self, .init()).events.filter { $0.sequence > last }
                    daemon.noteReply()
                    if let newest = new.first {
                        last = newest.sequence
                        listing.print(new.reversed())
                    }
                    await Pause.second.wait()
                }
            } catch { try await daemon.pause(after: error) }
        }
    }
}

/// Events for people.
enum EventText {
    static func columns(now: @escaping @Sendable () -> Timestamp) -> [Column<EventView>] {
        [
            Column("age") { Phrase.relative($0.at, now: now()) },
            Column("user") { $0.user },
            Column("action") { $0.action },
            Column("subject") { $0.subject },
            Column("change") { $0.detail },
            Column("event", isRight: true, isDefault: false) { "\($0.sequence)" },
            Column("at", isDefault: false) { RFC3339.text(of: $0.at) },
        ]
    }
}
