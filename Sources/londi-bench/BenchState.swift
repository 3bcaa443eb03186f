import Domain
import Glibc
import Processes
import SQLite
import Storage

/// A directory of its own for one measurement, removed with the object.
final class Workplace {
    let path: String

    init(in directory: String) throws(BenchError) {
        var template = Array("\(directory)/londi-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchError(description: "\(directory): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes everything; once nothing in it is used any more.
    func remove() async throws { try await command("/bin/rm", ["-rf", path]) }

    /// Copies a state that may be open: as after `kill -9`. By another process, because closing a descriptor of an open
    /// database here would drop SQLite's locks. The copy is on the disk before it returns: a gigabyte that is still on its
    /// way there would slow the syncs that are measured.
    func copy(_ from: String, to: String) async throws {
        try await command("/bin/cp", ["-r", "\(path)/\(from)", "\(path)/\(to)"])
        try await command("/bin/sync", ["--file-system", "\(path)/\(to)"])
    }

    func command(_ program: String, _ arguments: [String]) async throws {
        let result = try await runToEnd(
            ProcessCommand(path: program, arguments: arguments), outputLimit: 65_536, timeLimitMilliseconds: 600_000)
        guard result.isSuccess else { throw BenchError(description: "\(program): \(result.errorTail)") }
    }
}

/// States filled with jobs as months of use would leave them, but in seconds.
enum BenchState {
    static let now = Timestamp(milliseconds: 1_795_000_000_000)
    static let user = User(uid: 1000, name: "bench")
    static let specification =
        #"{"answerMarker":"Answer:","messages":[{"content":"A shelf holds 12 rows of 34 books, and 56 are taken away. "#
        + #"How many books are left? Think in steps and end with Answer: and the number.","role":"user"}],"#
        + #""verifier":{"answer":352,"tolerance":0,"type":"numeric"}}"#

    static func queue() throws -> QueueName { try QueueName("bench") }

    /// Makes a state of `total` jobs in one queue, the last `pending` of them claimable, the others completed with an
    /// episode, an answer and a step each. Steps have no ledger entries: nothing that is measured reads them.
    static func make(
        in directory: String, total: Int, pending: Int, limits: BudgetLimits = BudgetLimits()
    ) async throws {
        do {
            let store = try Store(directory: directory, now: now)
            try await store.createQueue(try queue(), QueueSettings(limits: limits), by: user, now: now)
            try await store.checkpoint()
        }
        let connection = try Connection(path: "\(directory)/state.sqlite", mode: .readWrite)
        try connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA foreign_keys = OFF;")
        let completed = total - pending
        try connection.execute(
            """
            BEGIN IMMEDIATE;
            INSERT INTO batch (queue, state, submitter_uid, submitter_name, sha256, created_at_ms, ready_at_ms, job_count)
            VALUES ('bench', 'ready', 1000, 'bench', printf('%064d', 0), \(now.milliseconds), \(now.milliseconds), \(total));
            WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(total))
            INSERT INTO job (batch, queue, custom_id, line, submitter_uid, submitter_name, state, pending_reason, priority,
                created_at_ms, started_at_ms, ended_at_ms, attempt, episode)
            SELECT 1, 'bench', 'request-' || i, i, 1000, 'bench', iif(i <= \(completed), 'completed', 'pending'),
                iif(i <= \(completed), NULL, 'Priority'), 0, \(now.milliseconds),
                iif(i <= \(completed), \(now.milliseconds), NULL), iif(i <= \(completed), \(now.milliseconds), NULL),
                i <= \(completed), iif(i <= \(completed), i, NULL)
            FROM n;
            INSERT INTO payload (job, specification) SELECT id, '\(specification)' FROM job;
            INSERT INTO episode (id, job, number, started_at_ms, ended_at_ms, end_reason, pair_key)
            SELECT id, id, 1, \(now.milliseconds), \(now.milliseconds), 'answered', 'quick+deepthink' FROM job
            WHERE id <= \(completed);
            INSERT INTO answer (episode, text, end_reason)
            SELECT id, '12 x 34 = 408, 408 - 56 = 352. Answer: 352', 'answered' FROM episode;
            INSERT INTO step (episode, idx, state, attempt, epoch, role, propensity, is_exploration, seed, policy_version,
                features, day, budget_share, model, started_at_ms, ended_at_ms, text, stop_reason, generated_tokens)
            SELECT id, 0, 'written', 1, 1, 'quick', 0.5, 0, id, 0, zeroblob(64), 20775, 1, 'quick', \(now.milliseconds),
                \(now.milliseconds), '12 x 34 = 408, 408 - 56 = 352. Answer: 352', 'end-of-turn', 24
            FROM episode;
            COMMIT;
            PRAGMA wal_checkpoint(TRUNCATE);
            """)
    }

    /// The number of jobs in a state, by a connection of its own.
    static func count(_ state: JobState, in directory: String) throws -> Int {
        let connection = try Connection(path: "\(directory)/state.sqlite", mode: .readOnly)
        let statement = try connection.statement("SELECT count(*) AS n FROM job WHERE state = ?")
        defer { statement.reset() }
        try statement.bind([state.rawValue])
        guard try statement.step(), case .integer(let count) = statement.value("n") else { return -1 }
        return Int(count)
    }
}
