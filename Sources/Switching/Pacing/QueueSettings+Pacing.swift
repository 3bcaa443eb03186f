package import Domain

extension QueueSettings {
    /// Its calls get a price. Without a limit there is nothing to pace, and a Switcher that learns nothing has no values
    /// to compare with one.
    package var isPaced: Bool {
        guard limits != BudgetLimits(), learner(for: switcher.kind) != nil else { return false }
        return switch pacing {
        case .auto: onBudget != .hold
        case .on: true
        case .off: false
        }
    }
}
