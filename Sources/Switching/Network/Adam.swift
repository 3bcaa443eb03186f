/// Adam's state for one array of parameters: the running mean of the gradient and of its square.
/// - Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
struct Adam {
    private var mean: [Float]
    private var square: [Float]
    /// What is left of the zeros that both means began with: beta^t.
    private var meanBias: Float = 1
    private var squareBias: Float = 1

    static let meanDecay: Float = 0.9
    static let squareDecay: Float = 0.999
    static let epsilon: Float = 1e-8

    /// - Precondition: `count` is a multiple of 8 (traps).
    init(count: Int) {
        precondition(count.isMultiple(of: 8), "Adam: \(count) parameters are not a multiple of 8")
        mean = [Float](repeating: 0, count: count)
        square = mean
    }

    /// Goes one step of about `rate` down the gradient.
    /// - Shapes: `parameters` and `gradient` as many as `count`; no units; finite input.
    /// - Precondition: the counts fit (traps).
    mutating func step(_ parameters: inout [Float], gradient: [Float], rate: Float) {
        precondition(
            parameters.count == mean.count && gradient.count == mean.count,
            "Adam: \(gradient.count) numbers for \(mean.count) parameters")
        meanBias *= Self.meanDecay
        squareBias *= Self.squareDecay
        descend(
            &parameters, gradient: gradient, &mean, &square, rate: rate / (1 - meanBias),
            squareScale: 1 / (1 - squareBias))
    }
}

/// One step of Adam: `m = b1 m + (1 - b1) g`, `s = b2 s + (1 - b2) g^2`, `p -= rate m / (sqrt(squareScale s) + epsilon)`.
/// - Shapes: all [n]; no units; finite input.
/// - Precondition: the counts are the same multiple of 8 (checked by `Adam`).
private func descend(
    _ parameters: inout [Float], gradient: [Float], _ means: inout [Float], _ squares: inout [Float], rate: Float,
    squareScale: Float
) {
    let gradient = gradient.span
    var parameters = parameters.mutableSpan
    var means = means.mutableSpan
    var squares = squares.mutableSpan
    for index in stride(from: 0, to: gradient.count, by: 8) {
        let slope = eight(gradient, index)
        let mean = eight(means.span, index) * Adam.meanDecay + slope * (1 - Adam.meanDecay)
        let square = eight(squares.span, index) * Adam.squareDecay + slope * slope * (1 - Adam.squareDecay)
        store(mean, in: &means, at: index)
        store(square, in: &squares, at: index)
        let step = mean * rate / ((square * squareScale).squareRoot() + Adam.epsilon)
        store(eight(parameters.span, index) - step, in: &parameters, at: index)
    }
}
