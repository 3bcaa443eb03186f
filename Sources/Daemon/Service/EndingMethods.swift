import Control
import Domain
import Storage

/// Ending jobs before their time, and beginning ended ones again. Long lists are worked off a thousand to a transaction,
/// so that whoever else has something to write waits for no more than that.
extension ControlService {
    func addEndings(to table: inout MethodTable) {
        table.on(Cancel.self) { parameters, peer, reply throws(ControlError) in
            try await reply.send(Cancel.Reply(count: try await cancel(parameters, peer)))
        }
        table.on(Retry.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            let count = try await retry(parameters, peer)
            try await reply.send(Retry.Reply(count: count))
        }
    }

    private func cancel(_ parameters: Cancel.Parameters, _ peer: Peer) async throws(ControlError) -> Int {
        switch (parameters.job, parameters.batch) {
        case (let id?, nil):
            guard parameters.states == nil, parameters.customID == nil else {
                throw .invalidArgument(
                    argument: parameters.states == nil ? "customID" : "states", value: "for job \(id)",
                    remedy: "it chooses among the jobs of a batch")
            }
            return try await cancel(id, peer)
        case (nil, let batch?): return try await cancel(batch, parameters, peer)
        default:
            throw .invalidArgument(argument: "job or batch", value: "both or none", remedy: "name exactly one")
        }
    }

    private func cancel(_ id: JobID, _ peer: Peer) async throws(ControlError) -> Int {
        _ = try await job(id, for: peer)
        let (previous, dependents) = try await answering { () async throws(StorageError) in
            try await store.cancelWithDependents(id, by: User(peer), now: clock.now())
        }
        workers.cancel(id)
        board.post()
        return previous.isTerminal ? 0 : 1 + dependents
    }

    private func cancel(
        _ batch: BatchID, _ parameters: Cancel.Parameters, _ peer: Peer
    ) async throws(ControlError) -> Int {
        if let state = parameters.states?.first(where: \.isTerminal) {
            throw .invalidArgument(
                argument: "states", value: state.rawValue, remedy: "only pending, held and running jobs are cancelled")
        }
        _ = try await self.batch(batch, for: peer)
        let filter = CancelFilter(batch: batch, states: parameters.states ?? [], customID: parameters.customID)
        return try await inPages { after throws(ControlError) in
            let page = try await answering { () async throws(StorageError) in
                try await store.cancelJobs(filter, after: after, by: User(peer), now: clock.now())
            }
            for id in page.running { workers.cancel(id) }
            return (page.count, page.last)
        }
    }

    /// Works off a long list, and returns how many jobs that were.
    /// - Parameter page: does the next part: the job after which it begins; returns how many jobs it was and where the
    ///   next one begins, nil after the last.
    private func inPages(
        _ page: (JobID?) async throws(ControlError) -> (count: Int, last: JobID?)
    ) async throws(ControlError) -> Int {
        var count = 0
        var after: JobID?
        repeat {
            let done = try await page(after)
            count += done.count
            board.post()
            after = done.last
        } while after != nil
        return count
    }

    private func retry(_ parameters: Retry.Parameters, _ peer: Peer) async throws(ControlError) -> Int {
        let isCancelledToo = parameters.cancelled ?? false
        guard let ids = parameters.jobs else {
            let filter = RetryFilter(
                batch: parameters.batch, queue: parameters.queue, uid: Self.visibleUser(to: peer),
                includesCancelled: isCancelledToo)
            return try await retry(filter, deadline: parameters.deadline, peer)
        }
        guard parameters.batch == nil, parameters.queue == nil else {
            throw .invalidArgument(
                argument: "jobs", value: "\(ids.count) jobs", remedy: "name jobs, or a batch, or a queue")
        }
        for id in ids { _ = try await job(id, for: peer) }
        let count = try await answering { () async throws(StorageError) in
            try await store.retryJobs(
                ids, includesCancelled: isCancelledToo, deadline: parameters.deadline, by: User(peer), now: clock.now())
        }
        board.post()
        return count
    }

    private func retry(
        _ filter: RetryFilter, deadline: Timestamp?, _ peer: Peer
    ) async throws(ControlError) -> Int {
        if let id = filter.batch { _ = try await batch(id, for: peer) }
        if let name = filter.queue { _ = try await queue(name) }
        let count = try await inPages { after throws(ControlError) in
            let page = try await answering { () async throws(StorageError) in
                try await store.retryJobs(filter, after: after, deadline: deadline, by: User(peer), now: clock.now())
            }
            return (page.count, page.last)
        }
        if count == 0, deadline == nil {
            try await answering { () async throws(StorageError) in
                try await store.requireFutureDeadlines(filter, now: clock.now())
            }
        }
        return count
    }
}
