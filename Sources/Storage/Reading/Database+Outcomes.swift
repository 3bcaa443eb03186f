internal import Domain

extension Database {
    /// The newest outcomes to learn from by a rule, newest first, and the most of one user where that left some out.
    /// - Parameters:
    ///   - range: those that are looked at: what was corrected after its end counts as it was then.
    ///   - limit: the most outcomes, >= 1.
    func outcomes(
        of queue: QueueName, in range: ClosedRange<Int64>, limit: Int, _ rule: UserShare.Rule
    ) throws(StorageError) -> (sequences: [Int64], userEpisodes: Int?) {
        var found = try latestOutcomes(of: queue, in: range, limit: limit)
        var most: Int?
        switch rule {
        case .any: break
        case .fair where !UserShare.isDominated(found.map(\.user)): break
        case .fair:
            found = try latestOutcomes(of: queue, in: range, limit: limit * UserShare.reach)
            most = UserShare.most(found.map(\.user), limit: limit)
        case .most(let count):
            found = try latestOutcomes(of: queue, in: range, limit: limit * UserShare.reach)
            most = count
        }
        return (UserShare.newest(found, limit: limit, most: most, user: \.user).map(\.sequence), most)
    }

    /// The newest outcomes that no later one of the range corrects, with whose jobs they are of.
    private func latestOutcomes(
        of queue: QueueName, in range: ClosedRange<Int64>, limit: Int
    ) throws(StorageError) -> [(sequence: Int64, user: UInt32)] {
        try all(
            """
            SELECT outcome.seq, job.submitter_uid FROM outcome JOIN job ON job.id = outcome.job
            WHERE outcome.queue = ?1 AND outcome.seq BETWEEN ?2 AND ?3
                AND NOT EXISTS (
                    SELECT 1 FROM outcome AS later
                    WHERE later.episode = outcome.episode AND later.seq > outcome.seq AND later.seq <= ?3)
            ORDER BY outcome.seq DESC LIMIT ?4
            """, queue.text, range.lowerBound, range.upperBound, limit
        ) { (row: Row) throws(StorageError) in
            (sequence: try row.integer("seq"), user: try row.uid("submitter_uid"))
        }
    }
}
