/// The upper factor U of a symmetric positive definite matrix, A = UT U, and what it is for: solving and variances.
/// - Source: Golub and Van Loan, "Matrix Computations", section 4.2 (outer-product form).
struct Cholesky {
    /// The number of rows.
    let count: Int
    /// U, [count, count] row-major; what lies below the diagonal means nothing.
    private(set) var upper: [Double]

    /// Factors `matrix` [count, count] row-major, of which only the upper triangle is read.
    /// - Precondition: positive definite (traps). A sum of outer products plus a positive diagonal always is.
    init(_ matrix: [Double], count: Int) {
        precondition(matrix.count == count * count, "Cholesky: \(matrix.count) numbers are not \(count) squared")
        self.count = count
        upper = matrix
        var u = upper.mutableSpan
        factor(&u, count: count)
    }

    /// The solution x of A x = b.
    /// - Shapes: `b` [count], result [count]; no units; finite input.
    /// - Precondition: `b.count == count` (traps).
    func solve(_ b: [Double]) -> [Double] { solve(b, b).0 }

    /// The solutions for two right-hand sides, each bit for bit as alone, in little more than the time of one: most of it
    /// goes into waiting for the factor and for the sum before.
    /// - Shapes: `first` and `second` [count], results [count]; no units; finite input.
    /// - Precondition: `first.count == count && second.count == count` (traps).
    func solve(_ first: [Double], _ second: [Double]) -> ([Double], [Double]) {
        precondition(
            first.count == count && second.count == count,
            "Cholesky: \(first.count) and \(second.count) numbers on the right-hand sides, not \(count)")
        var x = zip(first, second).map { SIMD2($0, $1) }
        var solution = x.mutableSpan
        solveTransposed(upper.span, &solution)
        solveUpper(upper.span, &solution)
        return (x.map(\.x), x.map(\.y))
    }

    /// The lower right block of U from row `first` on, packed row by row, [m (m + 1) / 2] for m = `count - first`.
    /// It factors the precision of the last m unknowns with the others left free (the Schur complement).
    func packedBlock(from first: Int) -> [Double] {
        (first..<count).flatMap { row in upper[(row * count + row)..<((row + 1) * count)] }
    }
}

/// Replaces the upper triangle of `a` [n, n] row-major by U with A = UT U.
/// - Precondition: positive definite (traps).
private func factor(_ a: inout MutableSpan<Double>, count n: Int) {
    for pivot in 0..<n {
        let square = a[unchecked: pivot * n + pivot]
        precondition(square > 0, "Cholesky: the matrix is not positive definite in row \(pivot)")
        let root = square.squareRoot()
        a[unchecked: pivot * n + pivot] = root
        for column in (pivot + 1)..<max(n, pivot + 1) { a[unchecked: pivot * n + column] /= root }
        for row in (pivot + 1)..<max(n, pivot + 1) {
            let factor = a[unchecked: pivot * n + row]
            if factor == 0 { continue }
            for column in row..<n {
                a[unchecked: row * n + column] -= factor * a[unchecked: pivot * n + column]
            }
        }
    }
}

/// Replaces `x` by the solution of UT y = x.
/// - Shapes: `upper` [n, n] row-major, `x` [n]; no units.
/// - Precondition: `upper.count == x.count * x.count` (traps).
private func solveTransposed(_ upper: Span<Double>, _ x: inout MutableSpan<SIMD2<Double>>) {
    let n = x.count
    precondition(upper.count == n * n, "Cholesky: a factor of \(upper.count) for \(n) unknowns")
    for row in 0..<n {
        let value = x[unchecked: row] / upper[unchecked: row * n + row]
        x[unchecked: row] = value
        for column in (row + 1)..<max(n, row + 1) {
            x[unchecked: column] -= value * upper[unchecked: row * n + column]
        }
    }
}

/// Replaces `x` by the solution of U y = x.
/// - Shapes: `upper` [n, n] row-major, `x` [n]; no units.
/// - Precondition: `upper.count == x.count * x.count` (traps).
private func solveUpper(_ upper: Span<Double>, _ x: inout MutableSpan<SIMD2<Double>>) {
    let n = x.count
    precondition(upper.count == n * n, "Cholesky: a factor of \(upper.count) for \(n) unknowns")
    for row in (0..<n).reversed() {
        var value = x[unchecked: row]
        for column in (row + 1)..<max(n, row + 1) {
            value -= upper[unchecked: row * n + column] * x[unchecked: column]
        }
        x[unchecked: row] = value / upper[unchecked: row * n + row]
    }
}

/// The quadratic form `xT (UT U)^-1 x` for a packed upper factor: a variance, where UT U is a precision.
/// - Shapes: `packed` [n (n + 1) / 2], rows of U from the diagonal on; `x` [n]; no units; finite input.
/// - Precondition: `packed.count == n (n + 1) / 2` (traps).
func inverseQuadraticForm(packed: Span<Float>, _ x: Span<Float>) -> Double {
    let n = x.count
    precondition(packed.count == n * (n + 1) / 2, "a factor of \(packed.count) for \(n) features")
    var rest = [Double](repeating: 0, count: n)
    for index in 0..<n { rest[index] = Double(x[index]) }
    var sum = 0.0
    var start = 0
    for row in 0..<n {
        let value = rest[row] / Double(packed[start])
        sum += value * value
        for column in (row + 1)..<max(n, row + 1) {
            rest[column] -= value * Double(packed[start + column - row])
        }
        start += n - row
    }
    return sum
}
