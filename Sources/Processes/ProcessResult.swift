/// What came of a program that was run to its end.
package struct ProcessResult: Hashable, Sendable {
    /// Why it ended. Only `exited` is the program's own doing; in the other cases its group was killed.
    package enum Ending: Hashable, Sendable {
        case exited(ProcessExit)
        case timeLimit
        /// Standard output grew over its limit.
        case outputLimit
        /// The calling task was cancelled.
        case cancelled
    }

    package var ending: Ending
    /// Standard output, at most the limit's bytes.
    package var output: [UInt8]
    /// The last bytes of standard error, for messages to people.
    package var errorTail: String

    package var isSuccess: Bool { ending == .exited(.code(0)) }
}
