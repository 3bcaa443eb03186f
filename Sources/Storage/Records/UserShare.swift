/// One user's share of what is learnt: at most half of the episodes looked at, as long as the other users' older ones fill
/// the rest. So nobody crowds the others out by many jobs, and a queue with one user learns from all of hers.
package enum UserShare {
    /// How many times as many episodes are looked through for other users' as are wanted: who was not judged for longer has
    /// no say.
    package static let reach = 10

    /// Whose episodes to learn from.
    package enum Rule: Hashable, Sendable {
        /// The newest, whosever they are.
        case any
        /// By the share that one user may have.
        case fair
        /// The newest with so many of one user at most: what a version was learnt from by `fair`, again.
        case most(Int)
    }

    /// One of the users has more than half of the items.
    static func isDominated(_ users: [UInt32]) -> Bool {
        counts(users[...]).values.contains { $0 * 2 > users.count }
    }

    private static func counts(_ users: ArraySlice<UInt32>) -> [UInt32: Int] {
        Dictionary(users.map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// The most items of one user among the newest; nil where the newest are taken as they come.
    /// - Parameters:
    ///   - users: of each item, newest first; up to `reach * limit` of them.
    ///   - limit: how many items are wanted, >= 1.
    package static func most(_ users: [UInt32], limit: Int) -> Int? {
        let half = (limit + 1) / 2
        guard let (user, count) = counts(users.prefix(limit)).first(where: { $0.value > half }) else { return nil }
        let others = users.count { $0 != user }
        let most = max(half, limit - others)
        return most < count ? most : nil
    }

    /// The newest items, of one user no more than so many.
    /// - Parameters:
    ///   - items: newest first.
    ///   - most: nil: whosever they are.
    package static func newest<Item>(
        _ items: some Sequence<Item>, limit: Int, most: Int?, user: (Item) -> UInt32
    ) -> [Item] {
        var counts: [UInt32: Int] = [:]
        var newest: [Item] = []
        for item in items {
            guard newest.count < limit else { break }
            counts[user(item), default: 0] += 1
            if counts[user(item), default: 0] <= most ?? .max { newest.append(item) }
        }
        return newest
    }
}
