/// The exponential and the softplus by additions, multiplications and divisions alone, which IEEE 754 rounds alike
/// everywhere; libm's differ in the last bit between machines, and a policy must come out of its episodes bit for bit.
///
/// e to the power of `x`, within 4e-16 of its size; arguments beyond plus or minus 700 count as those.
/// - Source: the series of e^r after taking out the powers of 2, |r| <= ln(2) / 2, where the 14th term is below 1e-17;
///   ln 2 in two parts after Cody and Waite, "Software manual for the elementary functions", 1980.
func exponential(_ x: Double) -> Double {
    let x = min(max(x, -700), 700)
    let power = (x * 1.442_695_040_888_963_4).rounded()
    let rest = (x - power * 0.693_147_180_369_123_8) - power * 1.908_214_929_270_587_7e-10
    var sum = 1.0
    for term in (1...14).reversed() { sum = 1 + sum * rest / Double(term) }
    return sum * Double(sign: .plus, exponent: Int(power), significand: 1)
}

/// `ln(1 + e^x)`, within 1e-15: minus the logarithm of the probability that a logit of `-x` stands for.
/// - Source: ln(1 + u) = 2 artanh(u / (2 + u)); with u <= 1 its argument is at most 1/3, and the 18th term below 1e-17.
func softplus(_ x: Double) -> Double {
    let small = exponential(-abs(x))
    let ratio = small / (2 + small)
    let square = ratio * ratio
    var sum = 0.0
    for term in (0..<18).reversed() { sum = 1 / Double(2 * term + 1) + square * sum }
    return max(x, 0) + 2 * ratio * sum
}

/// The probability that a logit stands for, `1 / (1 + e^-x)`.
func logistic(_ x: Double) -> Double {
    let small = exponential(-abs(x))
    return x >= 0 ? 1 / (1 + small) : small / (1 + small)
}
