/// The inner product `sum a[i] b[i]`, in Double, in a fixed order: four interleaved partial sums, then the rest.
/// - Shapes: `a` [n], `b` [n]; no units; finite input.
/// - Precondition: `a.count == b.count` (traps).
func dot(_ a: Span<Float>, _ b: Span<Double>) -> Double {
    precondition(a.count == b.count, "dot: \(a.count) features against \(b.count) weights")
    var sums = SIMD4<Double>.zero
    let whole = a.count & ~3
    var index = 0
    while index < whole {
        let left = SIMD4<Double>(
            SIMD4<Float>(
                a[unchecked: index], a[unchecked: index + 1], a[unchecked: index + 2], a[unchecked: index + 3]))
        let right = SIMD4<Double>(
            b[unchecked: index], b[unchecked: index + 1], b[unchecked: index + 2], b[unchecked: index + 3])
        sums += left * right
        index += 4
    }
    var sum = (sums[0] + sums[1]) + (sums[2] + sums[3])
    while index < a.count {
        sum += Double(a[unchecked: index]) * b[unchecked: index]
        index += 1
    }
    return sum
}

/// Adds `factor x` to `y`.
/// - Shapes: `x` [n], `y` [n]; no units; finite input.
/// - Precondition: `x.count == y.count` (traps).
func addScaled(_ x: Span<Float>, by factor: Double, to y: inout MutableSpan<Double>) {
    precondition(x.count == y.count, "addScaled: \(x.count) numbers to \(y.count)")
    for index in 0..<x.count {
        y[unchecked: index] += factor * Double(x[unchecked: index])
    }
}

/// Adds the outer product `weight x xT` to the upper triangle of `a`; the rest of `a` is left as it is. Zeros in `x` cost
/// nothing, as most hashed features are zero.
/// - Shapes: `x` [n], `a` [n, n] row-major; no units; finite input.
/// - Precondition: `a.count == x.count * x.count` (traps).
func addOuterProduct(_ x: Span<Float>, by weight: Double, to a: inout MutableSpan<Double>) {
    let n = x.count
    precondition(a.count == n * n, "addOuterProduct: \(n) features to a matrix of \(a.count)")
    for row in 0..<n {
        let factor = weight * Double(x[unchecked: row])
        if factor == 0 { continue }
        for column in row..<n {
            a[unchecked: row * n + column] += factor * Double(x[unchecked: column])
        }
    }
}
