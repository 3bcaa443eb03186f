package import Domain

/// The module's only source of randomness: 64 bits of state, one addition and one mix per number, the same on every
/// machine.
/// - Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }

    /// A number in 0..<1, a multiple of 2^-53. Not the standard library's `random(in:using:)`, whose way from bits to
    /// numbers may change with the toolchain.
    package mutating func nextUniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// One of the elements, each as likely.
    /// - Precondition: there is one (traps).
    mutating func pick<Element>(from elements: [Element]) -> Element {
        elements[Int(nextUniform() * Double(elements.count))]
    }
}

/// The seed of one decision, so that any decision can be drawn again from what the ledger knows.
/// `episode` tells apart the episodes of one job (its attempt), `step` the decisions of one episode.
package func decisionSeed(job: JobID, episode: Int64, step: Int) -> UInt64 {
    var seed = mixed(UInt64(bitPattern: job.number) &+ 0x9E37_79B9_7F4A_7C15)
    seed = mixed((seed ^ UInt64(bitPattern: episode)) &+ 0xD1B5_4A32_D192_ED03)
    return mixed((seed ^ UInt64(bitPattern: Int64(step))) &+ 0x8CB9_2BA7_2F3D_8DD7)
}

/// Spreads every bit of `bits` over all 64 of the result: a bijection.
/// - Source: David Stafford's variant 13 of the MurmurHash3 finaliser, as in SplitMix64.
func mixed(_ bits: UInt64) -> UInt64 {
    var bits = bits
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
}
