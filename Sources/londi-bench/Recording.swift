internal import CBench

/// The statements that SQLite ran on one connection, with their values. Used by one task at a time.
final class Recording {
    private let recording: OpaquePointer
    private var isOver = false

    /// Records the connection that is opened next.
    init() { recording = londi_record_begin() }

    deinit {
        end()
        londi_recording_free(recording)
    }

    /// Stops recording. Idempotent.
    func end() {
        guard !isOver else { return }
        isOver = true
        londi_record_end(recording)
    }

    /// Statements so far.
    var count: Int { londi_recording_count(recording) }

    func sql(_ index: Int) -> String { String(cString: londi_recording_sql(recording, index)) }

    /// The distinct texts of some statements, in their order.
    func texts(_ range: Range<Int>) -> [String] {
        var seen: [String] = []
        for index in range where !seen.contains(sql(index)) { seen.append(sql(index)) }
        return seen
    }

    func replay(on path: String) throws(BenchError) -> Replay {
        if let failure = londi_recording_failure(recording) {
            throw BenchError(description: String(cString: failure))
        }
        guard let replay = londi_replay_open(path, recording) else {
            throw BenchError(description: "SQLite cannot open \(path)")
        }
        return Replay(replay, of: self)
    }
}

/// A raw C loop over a recording, on a database in the state in which the recorded one was at its start.
final class Replay {
    private let replay: OpaquePointer
    private let recording: Recording

    fileprivate init(_ replay: OpaquePointer, of recording: Recording) {
        self.replay = replay
        self.recording = recording
    }

    deinit { londi_replay_close(replay) }

    /// Runs the statements before `end` that have not run yet.
    func run(to end: Int) throws(BenchError) {
        let result = londi_replay_run(replay, end)
        guard result == 0 else {
            throw BenchError(
                description: "the raw loop failed with \(result): \(String(cString: londi_replay_message(replay)))")
        }
    }
}
