import Domain

/// What one client knows about its jobs: a model of londid without queue, workers, disk or clock. It says what must be so,
/// and where a job may have been answered since, what can be so.
struct JobBook {
    struct Job {
        let queue: QueueName
        /// It is never answered, so it can only be cancelled.
        let isSlow: Bool
        let afterOK: [JobID]
        let afterAny: [JobID]
        /// Once it is certain.
        var end: JobState?
        /// At some time, perhaps before a retry: whoever waited for its end need not wait any more.
        var hasEnded = false
        /// It began to wait in a queue that was paused and still is.
        var isParked = false
        var reward: Double?
    }

    private(set) var jobs: [JobID: Job] = [:]
    /// What was not so.
    private(set) var complaints: [String] = []

    private mutating func expect(_ condition: Bool, _ complaint: @autoclosure () -> String) {
        if !condition { complaints.append(complaint()) }
    }

    var ids: [JobID] { jobs.keys.sorted() }

    func ids(of queue: QueueName) -> [JobID] { ids.filter { jobs[$0]?.queue == queue } }

    /// Those that no answer can end.
    var endless: [JobID] { ids.filter { jobs[$0]?.end == nil && jobs[$0]?.isSlow == true } }

    private func hasFailed(_ needs: [JobID]) -> Bool { needs.contains { jobs[$0]?.end == .cancelled } }

    private func mayRun(_ id: JobID) -> Bool {
        guard let job = jobs[id], job.end == nil, !job.isParked else { return false }
        return job.afterOK.allSatisfy { jobs[$0]?.end == .completed || mayComplete($0) }
            && job.afterAny.allSatisfy { jobs[$0]?.hasEnded == true || mayComplete($0) }
    }

    /// It may have been answered by now.
    private func mayComplete(_ id: JobID) -> Bool { jobs[id]?.isSlow == false && mayRun(id) }

    /// It has ended, or may have.
    func mayHaveEnded(_ id: JobID) -> Bool { jobs[id]?.end != nil || mayComplete(id) }

    mutating func submitted(
        _ id: JobID, to queue: QueueName, isSlow: Bool, isParked: Bool, afterOK: [JobID] = [], afterAny: [JobID] = []
    ) {
        expect(jobs[id] == nil, "job \(id) is not new")
        jobs[id] = Job(queue: queue, isSlow: isSlow, afterOK: afterOK, afterAny: afterAny, isParked: isParked)
        if hasFailed(afterOK) { end(id, .cancelled) }
    }

    mutating func resumed(_ queue: QueueName) {
        for id in ids(of: queue) { jobs[id]?.isParked = false }
    }

    private mutating func end(_ id: JobID, _ state: JobState) {
        jobs[id]?.end = state
        jobs[id]?.hasEnded = true
        jobs[id]?.isParked = false
    }

    private mutating func completed(_ id: JobID) {
        guard let job = jobs[id], job.end == nil else { return }
        expect(mayComplete(id), "job \(id) is completed, which cannot be")
        end(id, .completed)
        for need in job.afterOK { completed(need) }
    }

    /// - Parameter count: the jobs that the call cancelled, by its answer.
    mutating func cancelled(_ id: JobID, count: Int) {
        if let end = jobs[id]?.end { return expect(count == 0, "\(count) were cancelled, but job \(id) was \(end)") }
        if count == 0 { return completed(id) }
        var ended = [id]
        for next in ids where next > id && jobs[next]?.end == nil {
            if jobs[next]?.afterOK.contains(where: ended.contains) == true { ended.append(next) }
        }
        expect(count == ended.count, "\(count) were cancelled, not \(ended)")
        for id in ended { end(id, .cancelled) }
    }

    /// - Parameters:
    ///   - isParked: its queue is paused.
    ///   - isOpen: its queue takes jobs.
    mutating func retried(_ id: JobID, isAccepted: Bool, isParked: Bool, isOpen: Bool) {
        guard let job = jobs[id] else { return }
        let isRight = isOpen && job.end == .cancelled && !hasFailed(job.afterOK)
        expect(isAccepted == isRight, "the retry of job \(id) was \(isAccepted ? "accepted" : "refused")")
        guard isAccepted else { return }
        jobs[id]?.end = nil
        jobs[id]?.isParked = isParked
    }

    mutating func judged(_ id: JobID, _ reward: Double, isAccepted: Bool) {
        guard isAccepted else { return expect(jobs[id]?.end != .completed, "job \(id) took no feedback") }
        completed(id)
        expect(jobs[id]?.end == .completed, "job \(id) took feedback")
        jobs[id]?.reward = reward
    }

    /// - Parameter isOver: nothing waits or runs any more.
    mutating func seen(_ id: JobID, _ state: JobState, in queue: QueueName, reward: Double?, isOver: Bool = false) {
        guard let job = jobs[id] else { return complaints.append("job \(id) is nobody's") }
        expect(queue == job.queue, "job \(id) is in \(queue)")
        if let end = job.end {
            expect(state == end, "job \(id) is \(state), not \(end)")
            return expect(reward == job.reward, "job \(id) has the reward \(String(describing: reward))")
        }
        switch state {
        case .completed: completed(id)
        case .running: expect(mayRun(id) && !isOver, "job \(id) runs")
        case .pending: expect(!isOver, "job \(id) waits for ever")
        default: complaints.append("job \(id) is \(state)")
        }
    }
}
