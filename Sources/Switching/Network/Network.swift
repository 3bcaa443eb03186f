/// A small multilayer perceptron: features, two rectified hidden layers, linear outputs.
struct Network: Hashable, Sendable {
    var first: Layer
    var second: Layer
    var outputs: Layer

    /// Outputs are computed eight at once; whoever needs fewer leaves the others alone.
    static let outputCount = 8

    /// Drawn hidden layers, and outputs that are 0 everywhere.
    /// - Precondition: both widths are multiples of 8 (traps).
    init(featureCount: Int, widths: HiddenWidths, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        first = Layer(inputCount: featureCount, outputCount: widths.first, using: &generator)
        second = Layer(inputCount: widths.first, outputCount: widths.second, using: &generator)
        outputs = Layer(zeros: widths.second, outputCount: Self.outputCount)
    }

    init(first: Layer, second: Layer, outputs: Layer) {
        self.first = first
        self.second = second
        self.outputs = outputs
    }

    /// - Shapes: `x` [rows, features] row-major, rows at most those of `activations`.
    func run(_ x: Span<Float>, rows: Int, _ activations: inout Activations) {
        first.applyRectified(x, rows: rows, into: &activations.first)
        let one = activations.first
        second.applyRectified(one.span, rows: rows, into: &activations.second)
        let two = activations.second
        outputs.apply(two.span, rows: rows, into: &activations.outputs)
    }

    /// Goes a part of the way, 0...1, to another network's numbers.
    mutating func move(to other: Network, by part: Float) {
        first.move(to: other.first, by: part)
        second.move(to: other.second, by: part)
        outputs.move(to: other.outputs, by: part)
    }
}

/// The widths of the two hidden layers, multiples of 8.
package struct HiddenWidths: Hashable, Sendable {
    package var first: Int
    package var second: Int

    package init(_ first: Int, _ second: Int) {
        self.first = first
        self.second = second
    }
}

/// What each layer of a network gives for some rows, all row-major: room that is used again from batch to batch.
struct Activations {
    /// [rows, first width], rectified.
    var first: [Float]
    /// [rows, second width], rectified.
    var second: [Float]
    /// [rows, `Network.outputCount`].
    var outputs: [Float]

    init(of network: Network, rows: Int) {
        first = [Float](repeating: 0, count: rows * network.first.outputCount)
        second = [Float](repeating: 0, count: rows * network.second.outputCount)
        outputs = [Float](repeating: 0, count: rows * network.outputs.outputCount)
    }
}
