import Domain

/// Values of single states, found by their exact features: what `CertaintyEquivalence` learns.
package struct TabularValues: Hashable, Sendable {
    let featureCount: Int
    /// In ascending order of the features' bits, each once.
    let rows: [Row]

    /// The deviation of a state that was never seen: as one of which neither action was tried.
    static let unseenVariance = 2.0

    struct Row: Hashable, Sendable {
        var features: [Float]
        var forecast: Forecast
        /// Both actions were tried here.
        var isFullyTried: Bool
        /// Of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward squared.
        var differenceVariance: Double
    }

    /// - Precondition: each row has as many features (traps), and no two have the same.
    init(featureCount: Int, rows: [Row]) {
        precondition(rows.allSatisfy { $0.features.count == featureCount }, "a state has not \(featureCount) features")
        self.featureCount = featureCount
        self.rows = rows.sorted { order($0.features, $1.features.span) < 0 }
    }

    /// For a state that was never seen nothing: both actions are worth the same.
    func forecast(_ x: Span<Float>) -> Forecast { row(x)?.forecast ?? .nothing }

    func deviation(_ x: Span<Float>) -> Double { (row(x)?.differenceVariance ?? Self.unseenVariance).squareRoot() }

    /// Both actions were tried there, so that the forecast says something.
    func isTried(_ x: Span<Float>) -> Bool { row(x)?.isFullyTried ?? false }

    /// Where not both actions were tried a tie says only that nothing is known, and does not call DEEPTHINK.
    func greedy(_ x: Span<Float>, cost: Double) -> Role {
        guard let row = row(x), row.isFullyTried else { return .quick }
        return row.forecast.greedy(cost: cost)
    }

    private func row(_ x: Span<Float>) -> Row? {
        precondition(x.count == featureCount, "\(x.count) features where the states have \(featureCount)")
        var range = 0..<rows.count
        while let middle = range.isEmpty ? nil : (range.lowerBound + range.upperBound) / 2 {
            if order(rows[middle].features, x) < 0 {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        let found = range.lowerBound
        return found < rows.count && order(rows[found].features, x) == 0 ? rows[found] : nil
    }
}

/// The order of feature vectors by their bits, which tells apart what a comparison of numbers does not: negative where
/// `a` comes before `b`, 0 where they are the same.
/// - Precondition: as many of each (traps).
func order(_ a: [Float], _ b: Span<Float>) -> Int {
    precondition(a.count == b.count, "\(a.count) features against \(b.count)")
    for index in a.indices where a[index].bitPattern != b[index].bitPattern {
        return a[index].bitPattern < b[index].bitPattern ? -1 : 1
    }
    return 0
}
