/// Which of the two language models writes a step.
package enum Role: String, Codable, Sendable, CaseIterable {
    /// QUICK, the small and cheap one: g = 0 in the paper.
    case quick
    /// DEEPTHINK, the large and costly one: g = 1 in the paper. Only its use counts against a budget.
    case deepthink
}
