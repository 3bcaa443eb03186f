package import Domain

/// One written step of a queue, as far as it tells where DEEPTHINK is called.
package struct PolicyChoice: Hashable, Sendable {
    package let index: Int
    package let role: Role
    package let features: [Float]
    /// What was left of the day's budget when it began, 0 to 1.
    package let budgetShare: Double
    /// The member of its job's metadata that was asked for; nil where it has none.
    package let word: String?
}
