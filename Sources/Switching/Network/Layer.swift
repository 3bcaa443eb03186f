/// A fully connected layer, `x w + b`.
struct Layer: Hashable, Sendable {
    let inputCount: Int
    /// A multiple of 8, so that kernels need no remainders.
    let outputCount: Int
    /// [inputs, outputs] row-major.
    var weights: [Float]
    /// [outputs].
    var bias: [Float]

    /// - Precondition: the counts fit, and the outputs are a multiple of 8 (traps).
    init(inputCount: Int, outputCount: Int, weights: [Float], bias: [Float]) {
        precondition(
            outputCount > 0 && outputCount.isMultiple(of: 8), "a layer's \(outputCount) outputs are no multiple of 8")
        precondition(
            weights.count == inputCount * outputCount && bias.count == outputCount,
            "a layer of \(inputCount) to \(outputCount) with \(weights.count) weights")
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.weights = weights
        self.bias = bias
    }

    /// All zeros: what a network's outputs begin with, so that it claims nothing.
    init(zeros inputCount: Int, outputCount: Int) {
        self.init(
            inputCount: inputCount, outputCount: outputCount,
            weights: [Float](repeating: 0, count: inputCount * outputCount),
            bias: [Float](repeating: 0, count: outputCount))
    }

    /// Weights drawn evenly so that a rectified layer keeps its inputs' scale.
    /// - Source: He et al., "Delving deep into rectifiers", 2015.
    init(inputCount: Int, outputCount: Int, using generator: inout SplitMix64) {
        self.init(zeros: inputCount, outputCount: outputCount)
        let bound = (6 / Double(inputCount)).squareRoot()
        for index in weights.indices { weights[index] = Float(bound * (2 * generator.nextUniform() - 1)) }
    }

    /// - Shapes: `x` [rows, inputs], `y` [rows, outputs], both row-major.
    func apply(_ x: Span<Float>, rows: Int, into y: inout [Float]) {
        var target = y.mutableSpan
        multiply(x, weights.span, bias: bias.span, rows: rows, into: &target)
    }

    /// As `apply`, then what is below 0 replaced by 0.
    func applyRectified(_ x: Span<Float>, rows: Int, into y: inout [Float]) {
        apply(x, rows: rows, into: &y)
        var target = y.mutableSpan
        rectify(&target)
    }

    /// The errors of rectified inputs from those of the outputs.
    /// - Shapes: `errors` [rows, outputs], `inputs` and `target` [rows, inputs], all row-major.
    func propagate(_ errors: [Float], rows: Int, inputs: [Float], into target: inout [Float]) {
        var span = target.mutableSpan
        Switching.propagate(
            errors.span, weights.span, rows: rows, columns: outputCount, rectified: inputs.span, into: &span)
    }

    /// Goes a part of the way, 0...1, to another layer's numbers.
    mutating func move(to other: Layer, by part: Float) {
        for index in weights.indices { weights[index] += part * (other.weights[index] - weights[index]) }
        for index in bias.indices { bias[index] += part * (other.bias[index] - bias[index]) }
    }
}

/// A layer in training: its gradient and its optimiser beside it.
struct LayerTraining {
    var layer: Layer
    private(set) var weightGradient: [Float]
    private(set) var biasGradient: [Float]
    private var weightAdam: Adam
    private var biasAdam: Adam

    init(_ layer: Layer) {
        self.layer = layer
        weightGradient = [Float](repeating: 0, count: layer.weights.count)
        biasGradient = [Float](repeating: 0, count: layer.bias.count)
        weightAdam = Adam(count: layer.weights.count)
        biasAdam = Adam(count: layer.bias.count)
    }

    /// Sets the gradient from what went in and the errors of what came out.
    /// - Shapes: `x` [rows, inputs], `errors` [rows, outputs], both row-major.
    mutating func setGradient(_ x: [Float], errors: [Float], rows: Int) {
        let columns = layer.outputCount
        var ofWeights = weightGradient.mutableSpan
        multiplyTransposed(x.span, errors.span, rows: rows, columns: columns, into: &ofWeights)
        var ofBias = biasGradient.mutableSpan
        addUp(errors.span, rows: rows, into: &ofBias)
    }

    mutating func step(rate: Float) {
        weightAdam.step(&layer.weights, gradient: weightGradient, rate: rate)
        biasAdam.step(&layer.bias, gradient: biasGradient, rate: rate)
    }
}
