import Testing

@testable import Daemon

/// The rows of a heat-map: whoever reads two labels must be able to tell them apart.
@Suite struct PolicyMapTests {
    @Test func `few values have a row each, with the digits that tell them apart`() {
        let buckets = PolicyMap.buckets([0.334, 0.331, 1, 0.334])
        #expect(buckets.labels == ["0.331", "0.334", "1.0"])
        #expect(buckets.indices == [1, 0, 2, 1])
        #expect(PolicyMap.buckets([0.5, 0.25]).labels == ["0.25", "0.5"])
    }

    /// Features are 32-bit floats: one third comes in two forms, and both were shown as 0.33.
    @Test func `what differs by less than a float's last digit is one row`() {
        let buckets = PolicyMap.buckets([Double(Float(1) / 3), 1.0 / 3])
        #expect(buckets.labels == ["0.33"])
        #expect(buckets.indices == [0, 0])
    }

    @Test func `many values have rows of equal width whose bounds differ`() {
        let values = (0...9).map { 0.33 + Double($0) / 10_000 }
        let buckets = PolicyMap.buckets(values)
        #expect(Set(buckets.labels).count == 5, "\(buckets.labels)")
        #expect(buckets.labels[0] == "0.33 to 0.3302" && buckets.labels[4] == "0.3307 to 0.3309")
        #expect(buckets.indices == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    }
}
