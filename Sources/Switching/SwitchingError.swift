/// Everything that can be wrong with data handed to the Switcher: bytes from disk and episodes from replay.
/// A wrong feature count in a running decision is a programmer's mistake and traps instead.
package enum SwitchingError: Error, Equatable, CustomStringConvertible {
    /// The bytes are no policy snapshot, or not the one that was written.
    case damagedPolicy(byteCount: Int, reason: String)
    /// A snapshot written by another version of Londi.
    case unknownPolicyFormat(found: UInt16, supported: UInt16)
    /// A policy was learnt over other features or another pair of models than those in use.
    case policyMismatch(what: String, policy: String, inUse: String)
    /// The bytes of a stored feature vector are not a whole number of Floats.
    case damagedFeatures(byteCount: Int)
    /// A step in replay has another number of features than its learner was told.
    case featureCountMismatch(episode: Int, step: Int, expected: Int, found: Int)
    /// A step in replay holds a value that is no number, or of a size that no encoder or verifier gives.
    case outOfRange(episode: Int, step: Int, what: String)
    /// More distinct states than a table may have.
    case tooManyStates(limit: Int)
    /// The task was cancelled: nobody waits for the result.
    case cancelled

    package var description: String {
        switch self {
        case .damagedPolicy(let byteCount, let reason):
            "a policy snapshot of \(byteCount) bytes is damaged (\(reason)): "
                + "roll the queue's policy back to another version"
        case .unknownPolicyFormat(let found, let supported):
            "a policy snapshot has format \(found), this Londi reads \(supported): "
                + "use the Londi that wrote it, or refit"
        case .policyMismatch(let what, let policy, let inUse):
            "the policy was learnt for the \(what) '\(policy)' but '\(inUse)' is in use: start a new policy for it"
        case .damagedFeatures(let byteCount):
            "a stored feature vector has \(byteCount) bytes, not a multiple of 4: restore the database from a backup"
        case .featureCountMismatch(let episode, let step, let expected, let found):
            "step \(step) of training episode \(episode) has \(found) features, not \(expected): "
                + "train only on steps that one encoder wrote"
        case .outOfRange(let episode, let step, let what):
            "the \(what) of step \(step) of training episode \(episode) is no number within plus or minus "
                + "\(what == "reward" ? "1e9: correct that job's reward" : "1,000: leave that episode out")"
        case .tooManyStates(let limit):
            "the episodes hold more than \(limit) distinct states: 'certainty-equivalence' needs an encoder with few "
                + "distinct states; choose the switcher 'fitted-q' for this queue"
        case .cancelled: "it was cut off"
        }
    }
}

/// - Throws: `.cancelled` where nobody waits any more. For the outer loops of what takes long.
func goOn() throws(SwitchingError) {
    if Task.isCancelled { throw .cancelled }
}
