/// Sets each row of `y` to `x w + bias`.
///
/// Each sum runs over the inputs in their order, whatever the tiling, so that one row gives the same numbers alone and
/// among others. Zeros cost little, as most hashed features and half of what is rectified are zero.
/// - Shapes: `x` [rows, n], `w` [n, m], both row-major, `bias` [m], `y` [rows, m]; no units; finite input.
/// - Precondition: the counts fit, and m is a multiple of 8 (traps).
func multiply(
    _ x: Span<Float>, _ w: Span<Float>, bias: Span<Float>, rows: Int, into y: inout MutableSpan<Float>
) {
    let m = bias.count
    let n = w.count / m
    precondition(m.isMultiple(of: 8) && w.count == n * m, "multiply: \(w.count) weights for \(m) outputs")
    precondition(x.count >= rows * n && y.count >= rows * m, "multiply: \(x.count) inputs in \(rows) rows of \(n)")
    var row = 0
    while row + 4 <= rows {
        for column in stride(from: 0, to: m, by: 8) {
            var sums = (eight(bias, column), eight(bias, column), eight(bias, column), eight(bias, column))
            for input in 0..<n {
                let four = SIMD4(
                    x[unchecked: row * n + input], x[unchecked: (row + 1) * n + input],
                    x[unchecked: (row + 2) * n + input], x[unchecked: (row + 3) * n + input])
                if four == .zero { continue }
                let weights = eight(w, input * m + column)
                sums.0 += weights * four[0]
                sums.1 += weights * four[1]
                sums.2 += weights * four[2]
                sums.3 += weights * four[3]
            }
            store(sums.0, in: &y, at: row * m + column)
            store(sums.1, in: &y, at: (row + 1) * m + column)
            store(sums.2, in: &y, at: (row + 2) * m + column)
            store(sums.3, in: &y, at: (row + 3) * m + column)
        }
        row += 4
    }
    while row < rows {
        for column in stride(from: 0, to: m, by: 8) {
            var sum = eight(bias, column)
            for input in 0..<n where x[unchecked: row * n + input] != 0 {
                sum += eight(w, input * m + column) * x[unchecked: row * n + input]
            }
            store(sum, in: &y, at: row * m + column)
        }
        row += 1
    }
}

/// Sets `g` to `xT e`: the gradient of a layer's weights from its inputs and the errors of its outputs. Zeros cost little,
/// as in `multiply`.
/// - Shapes: `x` [rows, n], `e` [rows, m], `g` [n, m], all row-major; no units; finite input.
/// - Precondition: the counts fit, and m is a multiple of 8 (traps).
func multiplyTransposed(
    _ x: Span<Float>, _ e: Span<Float>, rows: Int, columns m: Int, into g: inout MutableSpan<Float>
) {
    let n = g.count / m
    precondition(m.isMultiple(of: 8) && g.count == n * m, "multiplyTransposed: \(g.count) weights for \(m) outputs")
    precondition(x.count >= rows * n && e.count >= rows * m, "multiplyTransposed: \(x.count) inputs in \(rows) rows")
    var input = 0
    while input + 4 <= n {
        for column in stride(from: 0, to: m, by: 8) {
            var sums = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
            for row in 0..<rows {
                let first = row * n + input
                let four = SIMD4(
                    x[unchecked: first], x[unchecked: first + 1], x[unchecked: first + 2], x[unchecked: first + 3])
                if four == .zero { continue }
                let errors = eight(e, row * m + column)
                sums.0 += errors * four[0]
                sums.1 += errors * four[1]
                sums.2 += errors * four[2]
                sums.3 += errors * four[3]
            }
            store(sums.0, in: &g, at: input * m + column)
            store(sums.1, in: &g, at: (input + 1) * m + column)
            store(sums.2, in: &g, at: (input + 2) * m + column)
            store(sums.3, in: &g, at: (input + 3) * m + column)
        }
        input += 4
    }
    while input < n {
        for column in stride(from: 0, to: m, by: 8) {
            var sum = SIMD8<Float>.zero
            for row in 0..<rows { sum += eight(e, row * m + column) * x[unchecked: row * n + input] }
            store(sum, in: &g, at: input * m + column)
        }
        input += 1
    }
}

/// Sets `x` to `e wT`, where a rectified `x` is above 0, and to 0 elsewhere: the errors of a layer's inputs from those of
/// its outputs, through the rectifier that made the inputs.
/// - Shapes: `e` [rows, m], `w` [n, m], `x` [rows, n], all row-major; no units; finite input.
/// - Precondition: the counts fit, and m is a multiple of 8 (traps).
func propagate(
    _ e: Span<Float>, _ w: Span<Float>, rows: Int, columns m: Int, rectified: Span<Float>,
    into x: inout MutableSpan<Float>
) {
    let n = w.count / m
    precondition(m.isMultiple(of: 8) && w.count == n * m, "propagate: \(w.count) weights for \(m) outputs")
    precondition(
        e.count >= rows * m && x.count >= rows * n && rectified.count >= rows * n,
        "propagate: \(e.count) errors in \(rows) rows of \(m)")
    for row in 0..<rows {
        for input in 0..<n {
            guard rectified[unchecked: row * n + input] > 0 else {
                x[unchecked: row * n + input] = 0
                continue
            }
            var sums = SIMD8<Float>.zero
            for column in stride(from: 0, to: m, by: 8) {
                sums += eight(e, row * m + column) * eight(w, input * m + column)
            }
            let four = sums.lowHalf + sums.highHalf
            x[unchecked: row * n + input] = (four[0] + four[1]) + (four[2] + four[3])
        }
    }
}

/// Adds up the rows of `e`: the gradient of a layer's bias.
/// - Shapes: `e` [rows, m] row-major, `sums` [m]; no units; finite input.
/// - Precondition: `e.count >= rows * sums.count` (traps).
func addUp(_ e: Span<Float>, rows: Int, into sums: inout MutableSpan<Float>) {
    let m = sums.count
    precondition(e.count >= rows * m, "addUp: \(e.count) errors in \(rows) rows of \(m)")
    for column in 0..<m { sums[unchecked: column] = 0 }
    for row in 0..<rows {
        for column in 0..<m { sums[unchecked: column] += e[unchecked: row * m + column] }
    }
}

/// Replaces what is below 0 by 0.
/// - Shapes: `x` [any]; no units.
func rectify(_ x: inout MutableSpan<Float>) {
    for index in 0..<x.count {
        let value = x[unchecked: index]
        x[unchecked: index] = value > 0 ? value : 0
    }
}

/// Eight neighbours, which the compiler loads at once.
@inline(__always)
func eight(_ a: Span<Float>, _ index: Int) -> SIMD8<Float> {
    SIMD8(
        a[unchecked: index], a[unchecked: index + 1], a[unchecked: index + 2], a[unchecked: index + 3],
        a[unchecked: index + 4], a[unchecked: index + 5], a[unchecked: index + 6], a[unchecked: index + 7])
}

/// Stores eight neighbours.
@inline(__always)
func store(_ numbers: SIMD8<Float>, in a: inout MutableSpan<Float>, at index: Int) {
    for lane in 0..<8 { a[unchecked: index + lane] = numbers[lane] }
}
