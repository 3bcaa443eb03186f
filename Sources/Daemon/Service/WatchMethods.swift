import Control
import Domain
import Storage

/// Watching a job while its steps are written.
extension ControlService {
    func addWatching(to table: inout MethodTable) {
        table.on(WatchJob.self) { parameters, peer, reply throws(ControlError) in
            try await watch(parameters.job, peer, reply)
        }
    }

    /// What happened meanwhile goes into one reply: about ten a second at most.
    private static let lookNanoseconds: Int64 = 100_000_000
    /// A long job's look takes its time; no more than every fourth moment is spent so.
    private static let lookFactor: Int64 = 4

    private func watch(
        _ id: JobID, _ peer: Peer, _ reply: MethodReply<WatchJob>
    ) async throws(ControlError) {
        var watching = JobWatching()
        var known: UInt64?
        var detail = try await job(id, for: peer)
        var view = try await view(detail)
        while true {
            // In this order: a step is recorded before the next one is begun, so that none is begun here whose
            // predecessor is not found in the store.
            let began = WallClock.monotonicNanoseconds()
            let heard = writings.board.version
            let writing = writings.writing(of: id)
            let version = board.version
            if version != known {
                detail = try await job(id, for: peer)
                view = try await self.view(detail)
                let records = try await answering { () async throws(StorageError) in try await reader.steps(id) }
                for part in watching.take(records.map(StepView.init)) {
                    try await reply.send(WatchJob.Reply(job: view, part: part), continues: true)
                }
                known = version
            }
            var message = WatchJob.Reply(job: view, steps: watching.takeNew(), part: watching.part(of: writing))
            if watching.isFirst { message.specification = specification(of: detail) }
            message.opening = watching.opening(detail.opening)
            if view.state.isTerminal {
                message.outcome = detail.outcome
                message.part = nil
                return try await reply.send(message)
            }
            if watching.isNews(message) { try await reply.send(message, continues: true) }
            guard !watching.hasMore(of: writing) else { continue }
            let took = WallClock.monotonicNanoseconds() - began
            await change(after: version, or: heard)
            let pause = max(Self.lookNanoseconds, took * Self.lookFactor) - (WallClock.monotonicNanoseconds() - began)
            guard pause > 0 else { continue }
            do { try await Task.sleep(for: .nanoseconds(pause)) } catch { throw .disconnected }
        }
    }

    /// Returns once either board has changed.
    private func change(after version: UInt64, or heard: UInt64) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await board.changed(since: version) }
            group.addTask { await writings.board.changed(since: heard) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// What one watcher was told.
struct JobWatching {
    /// A step as it is told apart from its other attempts. QUICK's draft and DEEPTHINK's step are two.
    private struct Key: Hashable {
        let index: Int
        let role: Role
        let attempt: Int
        let epoch: Int64

        init(_ step: StepView) {
            (index, role, attempt, epoch) = (step.index, step.role, step.attempt, step.epoch)
        }

        init(_ writing: WritingBoard.Writing) {
            (index, role) = (writing.index, writing.role)
            (attempt, epoch) = (Int(writing.claim.attempt), writing.claim.epoch.number)
        }
    }

    /// The most bytes of one part.
    static let partBytes = 65_536

    /// Nothing was sent yet.
    private(set) var isFirst = true
    private var told: Set<Key> = []
    private var new: [StepView] = []
    private var knowsOpening = false
    private var state: JobView?
    /// What is being told, and how much of it was.
    private var telling: (serial: UInt64, key: Key, isDraft: Bool, text: String)?

    /// Notes what is recorded, for `takeNew`.
    /// - Returns: what is missing of the step that was being told, if it was written.
    mutating func take(_ steps: [StepView]) -> [StepPart] {
        var rest: [StepPart] = []
        for step in steps where step.state != .running && told.insert(Key(step)).inserted {
            new.append(step)
            guard let telling, telling.key == Key(step) else { continue }
            if step.state == .written, let text = step.generated?.text, text.rest(after: telling.text) != nil {
                var told = telling.text.utf8.count
                while told < text.utf8.count {
                    let addition = Self.piece(of: text, after: told)
                    told += addition.utf8.count
                    rest.append(
                        StepPart(
                            index: step.index, role: step.role, isDraft: telling.isDraft, isFirst: false, text: addition
                        ))
                }
            }
            self.telling = nil
        }
        return rest
    }

    mutating func takeNew() -> [StepView] {
        defer { new = [] }
        return new
    }

    /// What was added to `writing` since the last call; nil where that is nothing, or it is recorded already.
    mutating func part(of writing: WritingBoard.Writing?) -> StepPart? {
        guard let writing, !told.contains(Key(writing)) else { return nil }
        let isNew = telling?.serial != writing.serial
        let known = isNew ? "" : telling?.text ?? ""
        guard writing.text.utf8.count > known.utf8.count else { return nil }
        let addition = Self.piece(of: writing.text, after: known.utf8.count)
        telling = (writing.serial, Key(writing), writing.isDraft, known + addition)
        return StepPart(
            index: writing.index, role: writing.role, isDraft: writing.isDraft, isFirst: isNew, text: addition)
    }

    /// A part was too small for all that there is.
    func hasMore(of writing: WritingBoard.Writing?) -> Bool {
        guard let writing, let telling, telling.serial == writing.serial else { return false }
        return writing.text.utf8.count > telling.text.utf8.count
    }

    mutating func opening(_ opening: Opening?) -> Opening? {
        guard let opening, !knowsOpening else { return nil }
        knowsOpening = true
        return opening
    }

    /// Whether `message` says anything that was not said before; it counts as sent then.
    mutating func isNews(_ message: WatchJob.Reply) -> Bool {
        defer {
            isFirst = false
            state = message.job
        }
        return isFirst || state != message.job || !message.steps.isEmpty || message.part != nil
            || message.opening != nil
    }

    /// At most `partBytes` of what follows the first `count` bytes, cut between two characters.
    private static func piece(of text: String, after count: Int) -> String {
        let bytes = text.utf8.dropFirst(count)
        var end = bytes.index(bytes.startIndex, offsetBy: partBytes, limitedBy: bytes.endIndex) ?? bytes.endIndex
        while end < text.endIndex, text.utf8[end] & 0xc0 == 0x80 { end = text.utf8.index(before: end) }
        return String(decoding: text.utf8[bytes.startIndex..<end], as: UTF8.self)
    }
}
