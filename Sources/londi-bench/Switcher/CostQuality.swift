/// A policy's reward by the share of steps that DEEPTHINK writes, and the figures by which routers are compared.
/// - Source: Ong et al., "RouteLLM", arXiv 2406.18665: performance gap recovered (PGR), its average over all shares of
///   calls (APGR), and the share of calls at which a part of the gap is recovered (CPT).
struct CostQuality {
    struct Point {
        /// DEEPTHINK's share of all steps, 0 to 1.
        var share: Double
        /// Mean reward of a job.
        var reward: Double
    }

    /// By share, from always-QUICK to always-DEEPTHINK; of equal shares the better one.
    let points: [Point]

    init(_ points: [Point], quick: Double, deepthink: Double) {
        let ends = [Point(share: 0, reward: quick), Point(share: 1, reward: deepthink)]
        var best: [Point] = []
        for point in (points + ends).sorted(by: { ($0.share, $0.reward) < ($1.share, $1.reward) }) {
            if let last = best.last, last.share == point.share { best.removeLast() }
            best.append(point)
        }
        self.points = best
    }

    /// The reward at a share of calls, on straight lines between the points: a queue may mix two policies.
    func reward(at share: Double) -> Double {
        guard let next = points.firstIndex(where: { $0.share >= share }) else { return points[points.count - 1].reward }
        guard next > 0 else { return points[0].reward }
        let (left, right) = (points[next - 1], points[next])
        let part = (share - left.share) / (right.share - left.share)
        return left.reward + part * (right.reward - left.reward)
    }

    /// The part of the gap between always-QUICK and always-DEEPTHINK that a reward recovers: 0 to 1, and above 1 where a
    /// mixture is better than DEEPTHINK alone.
    func gapRecovered(_ reward: Double) -> Double {
        let (quick, deepthink) = (points[0].reward, points[points.count - 1].reward)
        return (reward - quick) / (deepthink - quick)
    }

    /// PGR averaged over all shares of calls.
    var averageGapRecovered: Double {
        var area = 0.0
        for (left, right) in zip(points, points.dropFirst()) {
            area += (right.share - left.share) * (gapRecovered(left.reward) + gapRecovered(right.reward)) / 2
        }
        return area
    }

    /// The least share of calls that recovers `part` of the gap.
    func callShare(recovering part: Double) -> Double {
        for (left, right) in zip(points, points.dropFirst()) {
            let (low, high) = (gapRecovered(left.reward), gapRecovered(right.reward))
            if low >= part { return left.share }
            if high >= part { return left.share + (right.share - left.share) * (part - low) / (high - low) }
        }
        return 1
    }
}
