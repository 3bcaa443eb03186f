/// The number of one run of a job's step loop.
package struct EpisodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }
    package static func < (left: EpisodeID, right: EpisodeID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}
