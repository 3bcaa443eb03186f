/// How many calls jobs have really made for each that was expected of them: corrects what the demand curve has wrong,
/// such as states that have changed since it was drawn.
package struct DemandCalibration: Hashable, Sendable {
    private var expected = 0.0
    private var made = 0.0

    /// So many calls that came as expected are taken for granted.
    private static let prior = 20.0
    /// What the calls before lose with each job, so that the newest hundred or so count.
    private static let memory = 0.99
    /// A ratio beyond these says more about the jobs of a moment than about those of a day.
    private static let bounds = 0.5...2.0

    package init() {}

    /// Notes what one job was expected to call, at the price that it met, and what it called.
    package mutating func note(expected: Double, made: Int) {
        self.expected = Self.memory * self.expected + expected
        self.made = Self.memory * self.made + Double(made)
    }

    /// Real calls for each expected call.
    package var ratio: Double {
        let ratio = (made + Self.prior) / (expected + Self.prior)
        return min(max(ratio, Self.bounds.lowerBound), Self.bounds.upperBound)
    }
}
