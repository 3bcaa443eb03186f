import Domain
@testable import Switching
import Testing

/// The kernels against what they mean, written naively, over seeds and odd lengths.
@Suite struct KernelTests {
    private func numbers(_ count: Int, _ generator: inout SplitMix64) -> [Double] {
        (0..<count).map { _ in 2 * generator.nextUniform() - 1 }
    }

    @Test(arguments: 0...19)
    func `the inner product and the scaled sum agree with the naive ones`(count: Int) {
        var generator = SplitMix64(seed: UInt64(count))
        let x = numbers(count, &generator).map { Float($0) }
        let y = numbers(count, &generator)
        let naive = zip(x, y).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(abs(dot(x.span, y.span) - naive) < 1e-12)

        var sum = y
        var span = sum.mutableSpan
        addScaled(x.span, by: 0.75, to: &span)
        #expect(sum == zip(x, y).map { $0.1 + 0.75 * Double($0.0) })
    }

    @Test func `the outer product fills the upper triangle only`() {
        let x: [Float] = [1, 0, -2]
        var matrix = [Double](repeating: 1, count: 9)
        var span = matrix.mutableSpan
        addOuterProduct(x.span, by: 1, to: &span)
        #expect(matrix == [2, 1, -1, 1, 1, 1, 1, 1, 5])
    }

    @Test(arguments: [1, 2, 3, 7, 40, 150])
    func `a solution leaves no residual`(count: Int) {
        var generator = SplitMix64(seed: UInt64(count))
        let matrix = positiveDefinite(count, &generator)
        let b = numbers(count, &generator)
        let x = Cholesky(matrix, count: count).solve(b)
        for row in 0..<count {
            let product = (0..<count).reduce(0) { $0 + matrix[row * count + $1] * x[$1] }
            #expect(abs(product - b[row]) < 1e-9, "row \(row) of \(count)")
        }
    }

    /// What is learnt is replayed bit for bit, also from the time when each side was solved alone.
    @Test(arguments: [1, 2, 3, 7, 40, 150])
    func `two right-hand sides have the bits of each alone`(count: Int) {
        var generator = SplitMix64(seed: UInt64(count))
        let factor = Cholesky(positiveDefinite(count, &generator), count: count)
        let (first, second) = (numbers(count, &generator), numbers(count, &generator))
        func substituted(_ b: [Double]) -> [Double] {
            var x = b
            for row in 0..<count {
                x[row] /= factor.upper[row * count + row]
                for column in (row + 1)..<max(count, row + 1) {
                    x[column] -= x[row] * factor.upper[row * count + column]
                }
            }
            for row in (0..<count).reversed() {
                for column in (row + 1)..<max(count, row + 1) {
                    x[row] -= factor.upper[row * count + column] * x[column]
                }
                x[row] /= factor.upper[row * count + row]
            }
            return x
        }
        let (one, other) = factor.solve(first, second)
        #expect(one.map(\.bitPattern) == substituted(first).map(\.bitPattern))
        #expect(other.map(\.bitPattern) == substituted(second).map(\.bitPattern))
    }

    /// The lower right block of the factor is the Schur complement's: the variance of the last unknowns with the first
    /// ones free, checked against solving the whole system.
    @Test func `the packed block gives the variance of the last unknowns`() {
        var generator = SplitMix64(seed: 3)
        let count = 12
        let first = 5
        let factor = Cholesky(positiveDefinite(count, &generator), count: count)
        let x = numbers(count - first, &generator)
        let solution = factor.solve([Double](repeating: 0, count: first) + x)
        let expected = zip(x, solution[first...]).reduce(0) { $0 + $1.0 * $1.1 }
        let packed = factor.packedBlock(from: first).map { Float($0) }
        let found = inverseQuadraticForm(packed: packed.span, x.map { Float($0) }.span)
        #expect(abs(found - expected) < 1e-4 * expected)
    }

    private func positiveDefinite(_ count: Int, _ generator: inout SplitMix64) -> [Double] {
        let root = numbers(count * count, &generator)
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count {
                matrix[row * count + column] =
                    (0..<count).reduce(row == column ? 0.5 : 0) { sum, index in
                        sum + root[index * count + row] * root[index * count + column]
                    }
            }
        }
        return matrix
    }
}

/// One generator for everything drawn; its numbers are part of what a replay depends on.
@Suite struct RandomnessTests {
    /// The reference values of the published algorithm for seed 1234567.
    @Test func `the generator is SplitMix64`() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(generator.next() == 9_817_491_932_198_370_423)
    }

    @Test func `decisions have seeds of their own`() {
        var seeds: Set<UInt64> = []
        for job in Int64(1)...30 {
            for episode in Int64(0)..<5 {
                for step in 0..<20 { seeds.insert(decisionSeed(job: .init(job), episode: episode, step: step)) }
            }
        }
        #expect(seeds.count == 3000)
    }
}
