/// What an administrator may want to be told of at once, by the `MESSAGE_ID` of its entry in the journal. An id never changes.
enum LogEvent: String, CaseIterable, Sendable {
    /// Both models answer.
    case ready = "a922def54f17eab62008c5e37a9b464a"
    /// A start found work that a crash cut off.
    case recovered = "fad5b8de0d480fb449f524311a48d217"
    /// The drain has begun.
    case stopping = "453ae5bf2abf5511bcfe3cdf1feb0166"
    /// An engine cannot be used; jobs wait for it.
    case engineAway = "b71e5848bd79027df2f70c13d67a7ad0"
    /// londid.conf was read again.
    case reloaded = "876e499977c793fc4613704d7f2a2cf6"
    /// londid.conf has mistakes; nothing has changed.
    case reloadRefused = "9473cd3b6194a2c97e42c97a46bfffd6"
    /// A queue has used much of its day, or all of it.
    case budgetWarning = "4f0b9d3091f37dcb20e5ce9fc127ae09"
    /// A guardrail froze the policy of a queue.
    case policyFrozen = "f9fc14ce054d21e41de0b0ff881e7c4e"
}
