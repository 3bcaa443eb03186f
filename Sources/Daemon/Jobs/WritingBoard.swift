import Domain
import Storage
import Synchronization

/// What the models are writing at this moment, job by job, for those who watch. Nothing of it survives: what is recorded is
/// in the store.
final class WritingBoard: Sendable {
    /// A step or a draft that is not recorded yet.
    struct Writing: Sendable {
        /// Grows with each step or draft that is begun.
        let serial: UInt64
        let claim: Claim
        let index: Int
        let role: Role
        let isDraft: Bool
        /// So far; no longer than `longestText` bytes.
        fileprivate(set) var text = ""
    }

    /// Bytes of one step that are kept for watchers; what follows is seen when the step is recorded.
    static let longestText = 1024 * 1024

    private struct State {
        var serial: UInt64 = 0
        var writings: [JobID: Writing] = [:]
    }

    private let state = Mutex(State())
    /// Changes with every addition: for watchers only, since it does so some hundred times a second.
    let board = ChangeBoard()

    func begin(_ claim: Claim, stepAt index: Int, role: Role, isDraft: Bool) {
        state.withLock { state in
            state.serial += 1
            state.writings[claim.job] = Writing(
                serial: state.serial, claim: claim, index: index, role: role, isDraft: isDraft)
        }
        board.post()
    }

    /// Adds to what is being written under `claim`, if anything.
    func add(_ addition: String, to claim: Claim) {
        let isKept = state.withLock { state in
            // Nothing may hold on to the text while it grows, or each addition copies it.
            guard state.writings[claim.job]?.claim == claim,
                let kept = state.writings[claim.job]?.text.utf8.count,
                kept + addition.utf8.count <= Self.longestText
            else { return false }
            state.writings[claim.job]?.text += addition
            return true
        }
        if isKept { board.post() }
    }

    /// What was begun under `claim` is recorded, or given up.
    func end(_ claim: Claim) {
        state.withLock { state in
            if state.writings[claim.job]?.claim == claim { state.writings.removeValue(forKey: claim.job) }
        }
    }

    /// What is being written for `job`; nil between two steps.
    func writing(of job: JobID) -> Writing? { state.withLock { $0.writings[job] } }
}
