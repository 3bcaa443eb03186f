package import Domain

/// One place where the books do not agree.
package struct BookDifferenceView: Hashable, Codable, Sendable {
    /// What was checked: chain, file, events, requests, budget-days, steps, reservations, jobs, outcomes or pruned.
    package var check: String
    /// The rows concerned, such as `ledger entry 7`.
    package var subject: String
    package var expected: String
    package var found: String

    package init(check: String, subject: String, expected: String, found: String) {
        self.check = check
        self.subject = subject
        self.expected = expected
        self.found = found
    }
}

/// Recomputes the whole ledger and everything that must agree with it. Reads the whole database. With more: replies on
/// the way, of which the last has no `check`.
package enum VerifyBooks: ControlMethod {
    package static let name = "io.londi.VerifyBooks"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        /// What is being checked; null in the last reply.
        package var check: String?
        /// Ledger entries checked so far.
        package var entries: Int
        /// All ledger entries.
        package var total: Int
        /// The last entry's seal, for noting down elsewhere; null for an empty ledger.
        package var lastHash: String?
        /// Administrative events, each sealed to the one before; null in replies on the way.
        package var events: Int?
        /// Events from before this instant were sealed then, by an upgrade: nothing had guarded them; null where there are
        /// none.
        package var eventsSealedAt: Timestamp?
        /// Empty where everything agrees.
        package var differences: [BookDifferenceView]

        package init(
            check: String? = nil, entries: Int, total: Int, lastHash: String? = nil,
            events: Int? = nil, eventsSealedAt: Timestamp? = nil, differences: [BookDifferenceView] = []
        ) {
            self.check = check
            self.entries = entries
            self.total = total
            self.lastHash = lastHash
            self.events = events
            self.eventsSealedAt = eventsSealedAt
            self.differences = differences
        }
    }
}

/// One entry of the ledger with its seal: SHA-256 over the 32 bytes of `previousHash` and then each column from `sequence`
/// to `gpuMilliseconds` as a netstring, numbers as digits, `day` as days since 1970-01-01, `batch` as digits or empty,
/// `isExploration` as 0 or 1.
package struct LedgerEntryView: Hashable, Codable, Sendable {
    package var sequence: Int64
    package var at: Timestamp
    /// On which the step began.
    package var day: DayKey
    package var queue: String
    package var userID: UInt32
    package var batch: BatchID?
    package var job: JobID
    package var episode: Int64
    package var step: Int64
    package var role: Role
    package var model: String
    /// step: as measured; abandoned: cut off, as measured until then; bound: cut off, at its reservation's worst case.
    package var kind: String
    package var isExploration: Bool
    package var calls: Int64
    package var promptTokens: Int64
    package var cachedTokens: Int64
    package var generatedTokens: Int64
    package var gpuMilliseconds: Int64
    /// The seal of the entry before, 64 hexadecimal digits.
    package var previousHash: String
    package var hash: String

    package init(
        sequence: Int64, at: Timestamp, day: DayKey, queue: String, userID: UInt32, batch: BatchID? = nil, job: JobID,
        episode: Int64, step: Int64, role: Role, model: String, kind: String, isExploration: Bool, calls: Int64,
        promptTokens: Int64, cachedTokens: Int64, generatedTokens: Int64, gpuMilliseconds: Int64, previousHash: String,
        hash: String
    ) {
        self.sequence = sequence
        self.at = at
        self.day = day
        self.queue = queue
        self.userID = userID
        self.batch = batch
        self.job = job
        self.episode = episode
        self.step = step
        self.role = role
        self.model = model
        self.kind = kind
        self.isExploration = isExploration
        self.calls = calls
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.generatedTokens = generatedTokens
        self.gpuMilliseconds = gpuMilliseconds
        self.previousHash = previousHash
        self.hash = hash
    }
}

/// The ledger as it is stored, oldest entry first, up to the newest at the time of the call.
package enum ExportLedger: ControlMethod {
    package static let name = "io.londi.ExportLedger"
    package static let needs = Authority.admin
    package static let requiresMore = true

    package struct Parameters: Hashable, Codable, Sendable {
        /// The first day; null: no beginning.
        package var from: DayKey?
        /// The last day; null: no end.
        package var to: DayKey?
        package var queue: QueueName?

        package init(from: DayKey? = nil, to: DayKey? = nil, queue: QueueName? = nil) {
            self.from = from
            self.to = to
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var entries: [LedgerEntryView]

        package init(entries: [LedgerEntryView]) {
            self.entries = entries
        }
    }
}

/// How a version of a policy came out when it was learnt again.
package enum ReplayVerdict: String, Codable, Sendable, CaseIterable {
    case identical
    case different
    /// What it was learnt from or with is not there any more.
    case notReproducible = "not-reproducible"
}

/// One version that was learnt again.
package struct PolicyReplayView: Hashable, Codable, Sendable {
    package var version: Int64
    /// identical, different or not-reproducible.
    package var verdict: ReplayVerdict
    /// Why it is not identical.
    package var reason: String?

    package init(version: Int64, verdict: ReplayVerdict, reason: String? = nil) {
        self.version = version
        self.verdict = verdict
        self.reason = reason
    }
}

/// Learns every published version of a queue's policy again from the stored outcomes, oldest first, and compares.
package enum ReplayPolicy: ControlMethod {
    package static let name = "io.londi.ReplayPolicy"
    package static let needs = Authority.admin
    package static let requiresMore = true

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName

        package init(queue: QueueName) {
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// How many versions there are.
        package var total: Int
        /// Those compared since the last reply.
        package var versions: [PolicyReplayView]

        package init(total: Int, versions: [PolicyReplayView]) {
            self.total = total
            self.versions = versions
        }
    }
}
