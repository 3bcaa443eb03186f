import Domain
import Testing

@testable import Generation

/// Whose fault a server's death is.
@Suite(.timeLimit(.minutes(1))) struct RequestGates {
    private let gate = RequestGate()

    @Test func `a death is the job's whose request alone was under way`() async throws {
        let before = try await gate.enter(JobID(1), asking: 1)
        gate.answered(before)
        gate.leave(before)
        let ticket = try await gate.enter(JobID(2), asking: 2)
        #expect(gate.died(during: ticket))
    }

    @Test func `of several jobs each is a suspect, and alone until its request is answered`() async throws {
        let (one, two) = (try await gate.enter(JobID(1), asking: 1), try await gate.enter(JobID(2), asking: 2))
        #expect(!gate.died(during: one))
        gate.leave(one)
        #expect(!gate.died(during: two), "though it is the last one by now")
        gate.leave(two)
        let other = try await gate.enter(JobID(3), asking: 3)
        let suspect = Task { try await gate.enter(JobID(1), asking: 1) }
        gate.leave(other)
        let alone = try await suspect.value
        let later = Task { try await gate.enter(JobID(4), asking: 4) }
        gate.answered(alone)
        gate.leave(alone)
        gate.leave(try await later.value)
        // Cleared: it may run beside others again.
        let beside = try await gate.enter(JobID(5), asking: 5)
        let cleared = try await gate.enter(JobID(1), asking: 6)
        #expect(!gate.died(during: cleared))
        gate.leave(cleared)
        gate.leave(beside)
    }

    /// The server may hang because of what nobody waits for any more.
    @Test func `a request that was cut off is a party until another is answered`() async throws {
        let cut = try await gate.enter(JobID(1), asking: 1)
        gate.abandon(cut)
        gate.leave(cut)
        let ticket = try await gate.enter(JobID(2), asking: 2)
        #expect(!gate.died(during: ticket))
        gate.leave(ticket)
        let again = try await gate.enter(JobID(2), asking: 2)
        #expect(gate.died(during: again))
    }

    @Test func `who waits can be cancelled, and holds nobody up then`() async throws {
        let (one, two) = (try await gate.enter(JobID(1), asking: 1), try await gate.enter(JobID(2), asking: 2))
        _ = gate.died(during: one)
        gate.leave(one)
        let waiting = Task { try await gate.enter(JobID(1), asking: 1) }
        waiting.cancel()
        await #expect(throws: GenerationError.self) { try await waiting.value }
        gate.leave(try await gate.enter(JobID(3), asking: 3))
        gate.leave(two)
    }
}
