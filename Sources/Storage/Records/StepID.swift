/// The number of one attempt at a step.
package struct StepID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }
    package static func < (left: StepID, right: StepID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}
