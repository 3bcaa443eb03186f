/// Adds a random projection of `x` to `y`: `y[k] += sum over j of s[j, k] x[j]` with signs drawn from `seed`, the same on
/// every machine.
/// - Shapes: `x` [n], `y` [m]; no units; finite input.
/// - Source: Achlioptas, "Database-friendly random projections", 2003, equation 1 without its factor.
func addSigned(_ x: Span<Float>, seed: UInt64, to y: inout MutableSpan<Float>) {
    var generator = SplitMix64(seed: seed)
    for row in 0..<x.count {
        let value = x[unchecked: row]
        var signs: UInt64 = 0
        for column in 0..<y.count {
            if column.isMultiple(of: 64) { signs = generator.next() }
            y[unchecked: column] += signs & 1 == 0 ? value : -value
            signs >>= 1
        }
    }
}

/// `vector` scaled to length 1; all 0 where it is all 0.
func normalised(_ vector: [Float]) -> [Float] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 && length.isFinite ? vector.map { $0 / length } : vector.map { _ in 0 }
}
