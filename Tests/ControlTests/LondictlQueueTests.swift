import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// What administrators do to queues, over a real socket.
@Suite(.timeLimit(.minutes(5))) struct `londictl for queues` {
    @Test func `the range of rewards is two numbers`() async throws {
        let (daemon, changes) = (StubDaemon(), QueueChanges(leastReward: -1.5, mostReward: 20))
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(["queue", "set", "maths", "--reward-range", "-1.5..20"], path: path).exit == .ok)
            #expect(daemon.state.withLock { $0.changes } == changes)
        }
        #expect(try changes.applied(to: QueueSettings()).rewards == -1.5...20)
        #expect(QueueSettings().rewards == 0...1)
    }

    @Test(arguments: ["1..0", "0..0", "0", "0..", "..1", "0...1", "0..1001", "a..b", "0..nan"])
    func `refuses what is no range of rewards`(range: String) async throws {
        let printed = await Printed.by(["queue", "set", "maths", "--reward-range", range], path: "/nowhere")
        #expect(printed.exit == .usage)
        let message =
            "--reward-range '\(range)' is no range: use two numbers from -1000 to 1000, the lower first, as 0..1"
        #expect(printed.messages.contains(message), "\(printed.messages)")
    }

    /// What `queue export` wrote before queues had a range.
    @Test func `settings without a range of rewards have the usual one`() throws {
        let text = JSONText.text(of: QueueSettings(leastReward: -2, mostReward: 3))
        #expect(
            try JSONText.decode(QueueSettings.self, from: text.utf8) == QueueSettings(leastReward: -2, mostReward: 3))
        let old = text.replacing("\"leastReward\":-2,", with: "").replacing("\"mostReward\":3,", with: "")
        #expect(!old.contains("Reward"))
        #expect(try JSONText.decode(QueueSettings.self, from: old.utf8) == QueueSettings())
    }

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
