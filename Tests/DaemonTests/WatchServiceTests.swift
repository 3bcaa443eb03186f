import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// What is written reaches whoever watches before it is recorded, by a whole londid over its socket.
@Suite(.timeLimit(.minutes(5))) struct WatchServices {
    private static let root = User(uid: 0, name: "root")

    private func watched(
        _ settings: QueueSettings, _ prompt: String, _ body: (WatchJob.Reply, ControlClient) async throws -> Void
    ) async throws -> [WatchJob.Reply] {
        let queue = try QueueName("q")
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(queue, settings, by: Self.root, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        var all: [WatchJob.Reply] = []
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            let specification = JobSpecification(messages: [Message(role: "user", content: prompt)])
            let job = try await client.call(SubmitJob.self, .init(queue: queue, specification: specification)).job
            var replies = try await ControlClient.connect(path: path).stream(WatchJob.self, .init(job: job))
            while let reply = try await replies.next() {
                all.append(reply)
                try await body(reply, client)
            }
        }
        return all
    }

    /// The draft is shown while QUICK writes it, and the end says that it came to nothing.
    @Test(arguments: [Observe.draft, .state])
    func `text comes before its step is recorded, and a cancelled job ends the watch`(
        observe: Observe
    ) async throws {
        let settings = QueueSettings(observe: observe, switcher: SwitcherSettings(kind: .alwaysQuick))
        let replies = try await watched(settings, "slow") { reply, client in
            guard reply.part != nil else { return }
            #expect(reply.steps.isEmpty)
            #expect(
                reply.part
                    == StepPart(
                        index: 0, role: .quick, isDraft: observe == .draft, isFirst: true, text: ScriptedEngine.slowText
                    ))
            _ = try await client.call(Cancel.self, .init(job: reply.job.job))
        }
        #expect(replies.count { $0.part != nil } == 1)
        #expect(replies.first?.specification?.messages.map(\.content) == ["slow"])
        #expect(replies.count { $0.specification != nil } == 1)
        #expect(replies.last?.job.state == .cancelled)
        #expect(replies.last?.outcome == nil)
    }

    /// Megabytes for a client that does not read: the sockets hold some, londid the rest only once, and all others go on.
    @Test func `whoever does not read what it watches stalls nobody`() async throws {
        let queue = try QueueName("q")
        var daemon = try await RunningDaemon { store in
            try await store.createQueue(
                queue, QueueSettings(switcher: SwitcherSettings(kind: .alwaysQuick)), by: Self.root,
                now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        try await daemon.run { path in
            let client = try ControlClient.connect(path: path)
            let messages = [Message(role: "user", content: "slow flood")]
            let job = try await client.call(
                SubmitJob.self, .init(queue: queue, specification: JobSpecification(messages: messages))
            ).job
            var unread = try await ControlClient.connect(path: path).stream(WatchJob.self, .init(job: job))
            var (read, replies) = (
                "", try await ControlClient.connect(path: path).stream(WatchJob.self, .init(job: job))
            )
            let flood = String(repeating: ScriptedEngine.floodWord, count: ScriptedEngine.floodCount)
            while !read.utf8.elementsEqual((flood + ScriptedEngine.slowText).utf8), let reply = try await replies.next()
            {
                read += reply.part?.text ?? ""
            }
            #expect(read.utf8.count == flood.utf8.count + ScriptedEngine.slowText.utf8.count)
            #expect(try await client.call(Cancel.self, .init(job: job)).count == 1)
            var (late, last) = ("", JobState.running)
            while let reply = try await unread.next() {
                #expect((reply.part?.text.utf8.count ?? 0) <= JobWatching.partBytes)
                late += reply.part?.text ?? ""
                last = reply.job.state
            }
            #expect(read.rest(after: late) != nil)
            #expect(last == .cancelled)
        }
    }

    @Test func `a draft and the step that replaces it are told once each, in order`() async throws {
        let settings = QueueSettings(observe: .draft, switcher: SwitcherSettings(kind: .alwaysDeepthink))
        let replies = try await watched(settings, "?") { _, _ in }
        #expect(replies.flatMap(\.steps).map(\.role) == [.quick, .deepthink])
        #expect(replies.flatMap(\.steps).map(\.draft) == [.replaced, nil])
        #expect(replies.last?.outcome?.answer == "yes")
        #expect(replies.count { $0.outcome != nil } == 1)
    }
}

/// What a watcher is told, without a londid.
@Suite struct `A job being watched` {
    private let claim = Claim(job: JobID(7), episode: EpisodeID(1), attempt: 1, epoch: Epoch(3))
    private let board = WritingBoard()

    private func step(_ text: String, _ state: StepState = .written, role: Role = .quick) -> StepView {
        StepView(
            index: 0, role: role, state: state,
            decision: DecisionView(
                Decision(
                    role: role, values: nil, propensity: 1, maskReason: nil, isExploration: false, seed: 1,
                    policyVersion: 0)),
            generated: Generated(text: text, stopReason: .paragraph), day: DayKey(daysSinceEpoch: 1), attempt: 1,
            epoch: 3, startedAt: Timestamp(milliseconds: 1))
    }

    @Test func `parts and what is missing at the end are the recorded text`() {
        var watching = JobWatching()
        board.begin(claim, stepAt: 0, role: .quick, isDraft: false)
        #expect(watching.part(of: board.writing(of: claim.job)) == nil)
        var text = ""
        for addition in ["4 = ", "e", "\u{301}", "2"] {
            board.add(addition, to: claim)
            let part = watching.part(of: board.writing(of: claim.job))
            #expect(part?.isFirst == text.isEmpty)
            #expect(part?.text == addition)
            text += addition
        }
        #expect(watching.part(of: board.writing(of: claim.job)) == nil)
        // The writing may still be there for a moment after it is recorded.
        let rest = watching.take([step(text + "\n\n")])
        #expect(rest.map(\.text) == ["\n\n"])
        #expect(rest.map(\.isFirst) == [false])
        #expect(watching.part(of: board.writing(of: claim.job)) == nil)
        #expect(watching.takeNew().count == 1)
        #expect(watching.take([step(text + "\n\n")]) == [])
        #expect(watching.takeNew() == [])
    }

    @Test(arguments: [StepState.written, .abandoned])
    func `nothing is added to a step that was cut off or recorded otherwise`(state: StepState) {
        var watching = JobWatching()
        board.begin(claim, stepAt: 0, role: .quick, isDraft: false)
        board.add("abc", to: claim)
        _ = watching.part(of: board.writing(of: claim.job))
        #expect(watching.take([step(state == .written ? "xyz" : "abcd", state)]) == [])
        #expect(watching.takeNew().map(\.state) == [state])
    }

    /// A slow reader gets longer parts, but none that does not fit into a message, and no half character.
    @Test func `long text comes in pieces that end between characters`() {
        var watching = JobWatching()
        board.begin(claim, stepAt: 0, role: .deepthink, isDraft: false)
        let text = "x" + String(repeating: "€", count: 40_000)
        board.add(text, to: claim)
        let writing = board.writing(of: claim.job)
        var (told, pieces) = ("", 0)
        while let part = watching.part(of: writing) {
            #expect(part.text.utf8.count <= JobWatching.partBytes)
            told += part.text
            pieces += 1
            #expect(watching.hasMore(of: writing) == (told.utf8.count < text.utf8.count))
        }
        #expect(told == text)
        #expect(pieces == 2)
    }

    /// What one step may hold in memory beyond its result.
    @Test func `no more of a step is kept for watchers than the limit`() {
        board.begin(claim, stepAt: 0, role: .quick, isDraft: false)
        let kibibyte = String(repeating: "a", count: 1024)
        for _ in 0..<2000 { board.add(kibibyte, to: claim) }
        #expect(board.writing(of: claim.job)?.text.utf8.count == WritingBoard.longestText)
    }

    /// A worker that ends late must not end what the next one writes.
    @Test func `an older claim neither adds to a newer one nor ends it`() {
        let newer = Claim(job: claim.job, episode: claim.episode, attempt: 2, epoch: claim.epoch)
        board.begin(newer, stepAt: 0, role: .quick, isDraft: false)
        board.add("new", to: newer)
        board.add("old", to: claim)
        board.end(claim)
        #expect(board.writing(of: claim.job)?.text == "new")
        board.end(newer)
        #expect(board.writing(of: claim.job) == nil)
    }
}
