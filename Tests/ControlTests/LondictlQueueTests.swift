import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// What administrators do to queues, over a real socket.
@Suite(.timeLimit(.minutes(5))) struct `londictl for queues` {
    @Test func `sets limits, and removes them with none`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let set = ["queue", "set", "maths", "--max-running", "4", "--share", "3", "--retention", "30"]
            #expect(await Printed.by(set, path: path).exit == .ok)
            #expect(daemon.state.withLock { $0.changes } == QueueChanges(maxRunning: 4, share: 3, retentionDays: 30))
            let none = ["queue", "set", "maths", "--max-running", "none", "--retention", "none"]
            #expect(await Printed.by(none, path: path).exit == .ok)
            #expect(daemon.state.withLock { $0.changes } == QueueChanges(maxRunning: 0, retentionDays: 0))
        }
        var settings = QueueSettings(maxRunning: 4, retentionDays: 30)
        settings = try QueueChanges(maxRunning: 0, retentionDays: 0).applied(to: settings)
        #expect(settings == QueueSettings())
    }

    @Test(arguments: [
        (["--max-running", "0"], "--max-running '0' is too few"),
        (["--share", "101"], "--share cannot be '101': use 1 to 100"),
        (["--retention", "36501"], "--retention cannot be '36501'"),
    ])
    func `refuses what no queue can have`(options: [String], message: String) async throws {
        let printed = await Printed.by(["queue", "set", "maths"] + options, path: "/nowhere")
        #expect(printed.exit == .usage)
        #expect(printed.messages.contains(message), "\(printed.messages)")
    }

    @Test func `drains a queue and waits until nothing is left`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock { $0.counts = JobCounts() }
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["queue", "drain", "maths", "--wait"], path: path)
            #expect(printed.exit == .ok)
            #expect(printed.output.hasPrefix("Queue maths draining: "))
            #expect(printed.messages.contains("maths 0 left"))
        }
        #expect(daemon.state.withLock { $0.changes } == QueueChanges(isPaused: false, isDraining: true))
        #expect(daemon.state.withLock { $0.waited } == Wait.Parameters(queue: MessageSamples.queue))
    }

    @Test func `gives up waiting in time, and the queue stays closed`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock {
            $0.counts = JobCounts(pending: 0, held: 0, running: 1, completed: 0, failed: 0, cancelled: 0, timeout: 0)
        }
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                ["queue", "drain", "maths", "--wait", "--timeout", "10ms"], path: path)
            #expect(printed.exit == .jobFailed)
            #expect(printed.messages.contains("`londictl queue drain maths --wait` comes back to it"))
        }
    }

    @Test func `resuming ends pause and drain`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(["queue", "resume", "maths"], path: path).exit == .ok)
        }
        #expect(daemon.state.withLock { $0.changes } == QueueChanges(isPaused: false, isDraining: false))
    }

    @Test func `prunes by a day or an instant`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let day = await Printed.by(["prune", "-q", "maths", "--before", "2026-11-23"], path: path)
            #expect(day.output == "1200 jobs pruned; their ledger entries remain\n")
            let midnight = Timestamp(milliseconds: MessageSamples.day.daysSinceEpoch * 86_400_000)
            #expect(
                daemon.state.withLock { $0.prune }
                    == Prune.Parameters(queue: MessageSamples.queue, before: midnight, dryRun: false))
            let dry = await Printed.by(["prune", "--dry-run", "--before", "2026-11-23T01:00:00+01:00"], path: path)
            #expect(dry.output == "1200 jobs would be pruned\n")
            #expect(daemon.state.withLock { $0.prune } == Prune.Parameters(before: midnight, dryRun: true))
        }
        #expect(await Printed.by(["prune", "--before", "soon"], path: "/nowhere").exit == .usage)
    }
}
