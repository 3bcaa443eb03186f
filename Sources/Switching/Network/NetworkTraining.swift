/// A network in training on minibatches of one size. Per batch: fill `features`, `run`, read `activations.outputs`, fill
/// `outputErrors` with the loss' slope at each output, `setGradients`, `step`. Nothing is allocated on the way.
struct NetworkTraining {
    let rows: Int
    /// [rows, features] row-major.
    var features: [Float]
    private(set) var activations: Activations
    /// [rows, `Network.outputCount`] row-major.
    var outputErrors: [Float]
    private(set) var first: LayerTraining
    private(set) var second: LayerTraining
    private(set) var outputs: LayerTraining
    private var firstErrors: [Float]
    private var secondErrors: [Float]

    init(_ network: Network, rows: Int) {
        self.rows = rows
        features = [Float](repeating: 0, count: rows * network.first.inputCount)
        activations = Activations(of: network, rows: rows)
        outputErrors = [Float](repeating: 0, count: rows * network.outputs.outputCount)
        first = LayerTraining(network.first)
        second = LayerTraining(network.second)
        outputs = LayerTraining(network.outputs)
        firstErrors = [Float](repeating: 0, count: rows * network.first.outputCount)
        secondErrors = [Float](repeating: 0, count: rows * network.second.outputCount)
    }

    var network: Network { Network(first: first.layer, second: second.layer, outputs: outputs.layer) }

    /// Copies rows of a matrix [any, features] into `features`; a negative row is left as zeros.
    mutating func gather(_ rows: [Int], of matrix: [Float]) {
        copyRows(rows, of: matrix, width: first.layer.inputCount, into: &features)
    }

    mutating func run() {
        let features = features
        network.run(features.span, rows: rows, &activations)
    }

    /// Back from the outputs' errors to the gradients of all layers.
    mutating func setGradients() {
        outputs.setGradient(activations.second, errors: outputErrors, rows: rows)
        outputs.layer.propagate(outputErrors, rows: rows, inputs: activations.second, into: &secondErrors)
        second.setGradient(activations.first, errors: secondErrors, rows: rows)
        second.layer.propagate(secondErrors, rows: rows, inputs: activations.first, into: &firstErrors)
        first.setGradient(features, errors: firstErrors, rows: rows)
    }

    mutating func step(rate: Float) {
        first.step(rate: rate)
        second.step(rate: rate)
        outputs.step(rate: rate)
    }
}

/// Copies rows of `matrix` one after the other; a negative row is zeros.
/// - Shapes: `matrix` [any, width], `target` [at least `rows.count`, width], both row-major.
/// - Precondition: each row lies within the matrix (traps).
func copyRows(_ rows: [Int], of matrix: [Float], width: Int, into target: inout [Float]) {
    precondition(target.count >= rows.count * width, "copyRows: \(rows.count) rows into \(target.count) numbers")
    for (index, row) in rows.enumerated() {
        precondition((row + 1) * width <= matrix.count, "copyRows: row \(row) of \(matrix.count / width)")
        for column in 0..<width { target[index * width + column] = row < 0 ? 0 : matrix[row * width + column] }
    }
}
