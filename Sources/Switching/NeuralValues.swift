import Domain

/// Values that are linear in what a network makes of the features: what `FittedQMLP` learns.
package struct NeuralValues: Hashable, Sendable {
    let hidden: HiddenLayers
    /// Over `hidden`'s features.
    let linear: LinearValues

    var featureCount: Int { hidden.first.inputCount }

    func forecast(_ x: Span<Float>) -> Forecast { linear.forecast(hidden.features(of: x).span) }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward, the hidden layers taken as certain.
    func deviation(_ x: Span<Float>) -> Double { linear.deviation(hidden.features(of: x).span) }
}

/// The two hidden layers of a network: features of features.
struct HiddenLayers: Hashable, Sendable {
    let first: Layer
    let second: Layer

    /// A constant, then the second layer.
    var featureCount: Int { 1 + second.outputCount }

    /// - Shapes: `x` [features]; result [`featureCount`].
    func features(of x: Span<Float>) -> [Float] {
        var one = [Float](repeating: 0, count: first.outputCount)
        var two = [Float](repeating: 0, count: second.outputCount)
        run(x, rows: 1, &one, &two)
        return [1] + two
    }

    /// - Shapes: `x` [rows, features]; result [rows, `featureCount`]; both row-major.
    func features(of x: [Float], rows: Int) -> [Float] {
        var one = [Float](repeating: 0, count: rows * first.outputCount)
        var two = [Float](repeating: 0, count: rows * second.outputCount)
        run(x.span, rows: rows, &one, &two)
        var features: [Float] = []
        features.reserveCapacity(rows * featureCount)
        for row in 0..<rows {
            features.append(1)
            features += two[(row * second.outputCount)..<((row + 1) * second.outputCount)]
        }
        return features
    }

    private func run(_ x: Span<Float>, rows: Int, _ one: inout [Float], _ two: inout [Float]) {
        first.applyRectified(x, rows: rows, into: &one)
        second.applyRectified(one.span, rows: rows, into: &two)
    }
}
