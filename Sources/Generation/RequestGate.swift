import Domain
import Synchronization

/// Lets jobs' requests pass to one server, and tells whose fault its death is.
///
/// Where only one job's request was under way, that job has killed the server. Where several jobs' were, each of them is a
/// suspect: from then on its requests are sent while no other is under way, until the very request that it is suspected
/// for has been answered. Who waits is let through in the order of arrival.
final class RequestGate: Sendable {
    /// A request that is under way.
    struct Ticket: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let job: JobID?
        /// The hash of what is asked.
        fileprivate let content: Int
    }

    /// Older suspects are forgotten: then they may run beside others again.
    private static let mostSuspects = 256
    private static let mostAbandoned = 64

    private struct Waiter {
        let ticket: Ticket
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var nextNumber = 0
        var underWay: [Int: Ticket] = [:]
        /// Cut off without an answer, and nothing was answered since: the server may yet die of them.
        var abandoned: [Ticket] = []
        /// A suspect's request is under way: no other may be.
        var isTaken = false
        var waiting: [Waiter] = []
        /// Requests that were cancelled before they could wait.
        var cancelled: Set<Int> = []
        /// What each suspect asked when the server died, the latest suspect last.
        var suspects: [(job: JobID, contents: Set<Int>)] = []
        /// Of requests that were under way at a death: whether no other job's was.
        var deaths: [Int: Bool] = [:]

        func isSuspect(_ ticket: Ticket) -> Bool { suspects.contains { $0.job == ticket.job } }

        mutating func admit(_ ticket: Ticket) -> Bool {
            let isAlone = isSuspect(ticket)
            guard isAlone ? underWay.isEmpty : !isTaken else { return false }
            underWay[ticket.number] = ticket
            isTaken = isAlone
            return true
        }

        mutating func suspect(_ ticket: Ticket) {
            guard let job = ticket.job else { return }
            var contents: Set<Int> = [ticket.content]
            if let index = suspects.firstIndex(where: { $0.job == job }) {
                contents.formUnion(suspects.remove(at: index).contents)
            }
            suspects.append((job, contents))
            if suspects.count > RequestGate.mostSuspects { suspects.removeFirst() }
        }
    }

    private let state = Mutex(State())

    /// Suspends until the request may be sent; then `leave` must follow.
    /// - Throws: `cancelled`.
    func enter(_ job: JobID?, asking content: Int) async throws(GenerationError) -> Ticket {
        let ticket = state.withLock { state in
            state.nextNumber += 1
            return Ticket(number: state.nextNumber, job: job, content: content)
        }
        let isAdmitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(ticket.number) != nil { return false }
                    if state.waiting.isEmpty, state.admit(ticket) { return true }
                    state.waiting.append(Waiter(ticket: ticket, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel(ticket)
        }
        guard isAdmitted else {
            _ = state.withLock { $0.cancelled.remove(ticket.number) }
            throw .cancelled(partial: Generated(text: "", stopReason: .interrupted))
        }
        return ticket
    }

    /// The request is over, answered or not.
    func leave(_ ticket: Ticket) {
        state.withLock { state in
            state.underWay[ticket.number] = nil
            state.deaths[ticket.number] = nil
            state.cancelled.remove(ticket.number)
            if state.underWay.isEmpty { state.isTaken = false }
        }
        letThrough()
    }

    /// The server has answered the request, whatever it said: it did not die of it.
    func answered(_ ticket: Ticket) {
        state.withLock { state in
            state.abandoned = []
            guard let index = state.suspects.firstIndex(where: { $0.job == ticket.job }) else { return }
            state.suspects[index].contents.remove(ticket.content)
            if state.suspects[index].contents.isEmpty { state.suspects.remove(at: index) }
        }
    }

    /// Nobody waits for the answer any more.
    func abandon(_ ticket: Ticket) {
        state.withLock { state in
            state.abandoned.append(ticket)
            if state.abandoned.count > Self.mostAbandoned { state.abandoned.removeFirst() }
        }
    }

    /// The server died, or hung, during the request.
    /// - Returns: whether that is known to be the doing of the request's job.
    func died(during ticket: Ticket) -> Bool {
        state.withLock { state in
            if let known = state.deaths[ticket.number] { return known }
            let parties = Array(state.underWay.values) + state.abandoned
            let isKnown = parties.allSatisfy { $0.job == ticket.job }
            for party in parties { state.suspect(party) }
            for number in state.underWay.keys { state.deaths[number] = isKnown }
            state.abandoned = []
            return isKnown
        }
    }

    private func cancel(_ ticket: Ticket) {
        let waiter = state.withLock { state -> Waiter? in
            if let index = state.waiting.firstIndex(where: { $0.ticket == ticket }) {
                return state.waiting.remove(at: index)
            }
            state.cancelled.insert(ticket.number)
            return nil
        }
        guard let waiter else { return }
        waiter.continuation.resume(returning: false)
        // It may have stood before others who need not wait.
        letThrough()
    }

    private func letThrough() {
        let admitted = state.withLock { state in
            var admitted: [Waiter] = []
            while let first = state.waiting.first, state.admit(first.ticket) {
                admitted.append(state.waiting.removeFirst())
            }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }
}
