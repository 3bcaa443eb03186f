internal import CSQLite

extension Connection {
    /// What a checkpoint may wait for.
    package enum CheckpointKind: Sendable {
        /// Nothing: it moves what no reader holds back.
        case passive
        /// Readers, for so long; then it empties the log.
        case truncating(patienceMilliseconds: Int32)
    }

    /// Takes the log's checkpoints into the caller's hands: SQLite's own, after a commit and at closing, swallow their
    /// errors, and a sync of the database file that failed must be known.
    package func takeOverCheckpoints() {
        // The hook replaces the automatic checkpoint.
        sqlite3_wal_hook(
            handle.pointer,
            { context, _, _, frameCount in
                guard let context else { return SQLITE_OK }
                Unmanaged<Handle>.fromOpaque(context).takeUnretainedValue().logFrameCount = Int(frameCount)
                return SQLITE_OK
            }, Unmanaged.passUnretained(handle).toOpaque())
        londi_no_checkpoint_on_close(handle.pointer)
    }

    /// The frames in the write-ahead log after the last commit or checkpoint; 0 before the first.
    package var logFrameCount: Int { handle.logFrameCount }

    /// Moves the write-ahead log into the database file. What readers hold back stays in the log, without an error.
    /// - Returns: whether the database file now has all of it.
    /// - Throws: what went wrong with the files; all commits are durable in the log nevertheless.
    @discardableResult
    package func checkpoint(_ kind: CheckpointKind) throws(SQLiteError) -> Bool {
        var (frameCount, movedCount): (Int32, Int32) = (0, 0)
        let mode: Int32
        switch kind {
        case .passive: mode = SQLITE_CHECKPOINT_PASSIVE
        case .truncating(let patience):
            mode = SQLITE_CHECKPOINT_TRUNCATE
            sqlite3_busy_timeout(handle.pointer, patience)
        }
        defer { sqlite3_busy_timeout(handle.pointer, busyTimeoutMilliseconds) }
        let result = sqlite3_wal_checkpoint_v2(handle.pointer, nil, mode, &frameCount, &movedCount)
        guard result == SQLITE_OK || result & 0xff == SQLITE_BUSY else { throw .last(of: handle.pointer, sql: nil) }
        guard result == SQLITE_OK else { return false }
        handle.logFrameCount = max(0, Int(frameCount))
        return frameCount == movedCount
    }
}
