package import Domain

/// One entry of the ledger, sealed to the one before it.
///
/// The seal is that of `Seal` over the columns in the order of `canonicalColumns`. Numbers are decimal digits; an absent
/// batch is the empty content.
package struct LedgerEntry: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Written, as measured.
        case step
        /// Cut off, as measured until then.
        case abandoned
        /// Cut off, its use unknown: charged at the reservation's worst case, all of it in `generatedTokens`.
        case bound
    }

    package var sequence: Int64
    package var at: Timestamp
    package var day: DayKey
    package var queue: String
    package var submitterUID: UInt32
    package var batch: Int64?
    package var job: Int64
    package var episode: Int64
    package var step: Int64
    package var role: Role
    package var model: String
    package var kind: Kind
    package var isExploration: Bool
    package var calls: Int64
    package var promptTokens: Int64
    package var cachedTokens: Int64
    package var generatedTokens: Int64
    package var gpuMilliseconds: Int64

    /// The columns as they are sealed, in their order.
    var canonicalColumns: [String] {
        [
            "\(sequence)", "\(at.milliseconds)", "\(day.daysSinceEpoch)", queue, "\(submitterUID)",
            batch.map { "\($0)" } ?? "", "\(job)", "\(episode)", "\(step)", role.rawValue, model, kind.rawValue,
            isExploration ? "1" : "0", "\(calls)", "\(promptTokens)", "\(cachedTokens)", "\(generatedTokens)",
            "\(gpuMilliseconds)",
        ]
    }

    /// The seal, 32 bytes.
    func hash(after previousHash: [UInt8]) -> [UInt8] { Seal.hash(of: canonicalColumns, after: previousHash) }

    /// Seals and appends the entry under the next number, whatever `sequence` is. The schema's trigger counts it into
    /// `budget_day`. Only within a transaction.
    mutating func append(to database: Database) throws(StorageError) {
        let last = try database.first("SELECT seq, hash FROM ledger_entry ORDER BY seq DESC LIMIT 1") {
            (row: Row) throws(StorageError) in (sequence: try row.integer("seq"), hash: try row.blob("hash"))
        }
        sequence = (last?.sequence ?? 0) + 1
        let previousHash = last?.hash ?? Seal.beforeFirst
        _ = try database.insert(
            into: "ledger_entry",
            [
                "seq": sequence, "at_ms": at.milliseconds, "day": day.daysSinceEpoch, "queue": queue,
                "submitter_uid": submitterUID, "batch": batch, "job": job, "episode": episode, "step": step,
                "role": role.rawValue, "model": model, "kind": kind.rawValue, "is_exploration": isExploration,
                "calls": calls, "prompt_tokens": promptTokens, "cached_tokens": cachedTokens,
                "generated_tokens": generatedTokens, "gpu_ms": gpuMilliseconds, "previous_hash": previousHash,
                "hash": hash(after: previousHash),
            ])
    }

    static func read(_ row: Row) throws(StorageError) -> LedgerEntry {
        let kind: Kind = try row.word("kind")
        return LedgerEntry(
            sequence: try row.integer("seq"), at: try row.timestamp("at_ms"), day: try row.day("day"),
            queue: try row.text("queue"), submitterUID: try row.uid("submitter_uid"),
            batch: try row.optionalInteger("batch"), job: try row.integer("job"), episode: try row.integer("episode"),
            step: try row.integer("step"), role: try row.word("role"), model: try row.text("model"), kind: kind,
            isExploration: try row.flag("is_exploration"), calls: try row.integer("calls"),
            promptTokens: try row.integer("prompt_tokens"), cachedTokens: try row.integer("cached_tokens"),
            generatedTokens: try row.integer("generated_tokens"), gpuMilliseconds: try row.integer("gpu_ms"))
    }
}
