import Domain
import Glibc
import Testing

@testable import Switching

/// The network and its training against what they mean: finite differences, naive sums, libm.
@Suite struct NetworkTests {
    private static let featureCount = 5

    /// All layers drawn, outputs and biases too, so that no gradient is 0 by construction.
    private static func network(seed: UInt64) -> Network {
        var generator = SplitMix64(seed: seed)
        var network = Network(featureCount: featureCount, widths: HiddenWidths(16, 8), seed: seed)
        network.outputs = Layer(inputCount: 8, outputCount: Network.outputCount, using: &generator)
        for index in network.first.bias.indices { network.first.bias[index] = Float(generator.nextUniform() - 0.5) }
        for index in network.second.bias.indices { network.second.bias[index] = Float(generator.nextUniform() - 0.5) }
        return network
    }

    private static func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(2 * generator.nextUniform() - 1) }
    }

    /// Half the squared distance of the outputs from some targets.
    private static func loss(_ network: Network, _ features: [Float], _ targets: [Float], rows: Int) -> Double {
        var activations = Activations(of: network, rows: rows)
        network.run(features.span, rows: rows, &activations)
        return zip(activations.outputs, targets).reduce(0) { sum, pair in
            let error = Double(pair.0) - Double(pair.1)
            return sum + error * error / 2
        }
    }

    /// Every parameter of every layer, on 7 rows: a tile of four and three single ones. The step is small so that none
    /// crosses a rectifier's bend.
    @Test(arguments: [UInt64(1), 2, 3])
    func `each layer's gradient is the slope that finite differences see`(seed: UInt64) {
        let rows = 7
        let network = Self.network(seed: seed)
        let targets = Self.numbers(rows * Network.outputCount, seed: seed + 10)
        var training = NetworkTraining(network, rows: rows)
        training.features = Self.numbers(rows * Self.featureCount, seed: seed + 20)
        training.run()
        for index in targets.indices {
            training.outputErrors[index] = training.activations.outputs[index] - targets[index]
        }
        training.setGradients()

        func check(_ layer: WritableKeyPath<Network, Layer>, _ found: LayerTraining, _ name: String) {
            func slope(_ change: (inout Layer, Float) -> Void) -> Double {
                let step: Float = 0x1p-12
                var up = network
                change(&up[keyPath: layer], step)
                var down = network
                change(&down[keyPath: layer], -step)
                let features = training.features
                return (Self.loss(up, features, targets, rows: rows) - Self.loss(down, features, targets, rows: rows))
                    / Double(2 * step)
            }
            for index in network[keyPath: layer].weights.indices {
                let expected = slope { $0.weights[index] += $1 }
                #expect(
                    abs(Double(found.weightGradient[index]) - expected) < 0.01 * max(1, abs(expected)),
                    "\(name), weight \(index)")
            }
            for index in network[keyPath: layer].bias.indices {
                let expected = slope { $0.bias[index] += $1 }
                #expect(
                    abs(Double(found.biasGradient[index]) - expected) < 0.01 * max(1, abs(expected)),
                    "\(name), bias \(index)")
            }
        }
        check(\.first, training.first, "first layer")
        check(\.second, training.second, "second layer")
        check(\.outputs, training.outputs, "outputs")
    }

    /// A decision about one state must not differ by what else was in the batch.
    @Test func `a row gives the same bits alone and among others`() {
        let network = Self.network(seed: 4)
        let rows = 6
        let features = Self.numbers(rows * Self.featureCount, seed: 5)
        var together = Activations(of: network, rows: rows)
        network.run(features.span, rows: rows, &together)
        for row in 0..<rows {
            var alone = Activations(of: network, rows: 1)
            let own = Array(features[(row * Self.featureCount)..<((row + 1) * Self.featureCount)])
            network.run(own.span, rows: 1, &alone)
            let outputs = together.outputs[(row * Network.outputCount)..<((row + 1) * Network.outputCount)]
            #expect(alone.outputs == Array(outputs), "row \(row)")
        }
    }

    /// Adam's first step is the rate, whatever the gradient's size; its second follows the running means.
    @Test func `the optimiser's steps are those of the published algorithm`() {
        var adam = Adam(count: 8)
        var parameters = [Float](repeating: 1, count: 8)
        adam.step(&parameters, gradient: [100, -0.001, 0, 1, 1, 1, 1, 1], rate: 0.1)
        #expect(abs(parameters[0] - 0.9) < 1e-6 && abs(parameters[1] - 1.1) < 1e-5 && parameters[2] == 1)
        adam.step(&parameters, gradient: [0, 0, 0, -1, 1, 1, 1, 1], rate: 0.1)
        let mean = (0.9 * 0.1 - 0.1) / (1 - 0.9 * 0.9)
        #expect(abs(Double(parameters[3]) - (0.9 - 0.1 * mean)) < 1e-6)
    }

    /// Exclusive or needs the hidden layers; two runs with one seed are the same run.
    @Test func `a network learns exclusive or, twice to the same bits`() {
        func train() -> Network {
            var training = NetworkTraining(
                Network(featureCount: 3, widths: HiddenWidths(16, 16), seed: 9), rows: 4)
            training.features = [1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1]
            for _ in 0..<500 {
                training.run()
                for row in 0..<4 {
                    let index = row * Network.outputCount
                    training.outputErrors[index] = training.activations.outputs[index] - (row == 1 || row == 2 ? 1 : 0)
                }
                training.setGradients()
                training.step(rate: 0.01)
            }
            return training.network
        }
        let network = train()
        var activations = Activations(of: network, rows: 4)
        network.run(([1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1] as [Float]).span, rows: 4, &activations)
        for row in 0..<4 {
            let output = activations.outputs[row * Network.outputCount]
            #expect(abs(output - (row == 1 || row == 2 ? 1 : 0)) < 0.05, "row \(row): \(output)")
        }
        #expect(train() == network)
    }

    /// Written without libm, so that they give the same bits everywhere; here against libm.
    @Test func `exponential, softplus and logistic are exact to the last few bits`() {
        for index in -7000...7000 {
            let x = Double(index) / 100
            #expect(abs(exponential(x) / Glibc.exp(x) - 1) < 4e-16 * max(1, abs(x)), "exp \(x)")
            #expect(abs(softplus(x) - (max(x, 0) + Glibc.log1p(Glibc.exp(-abs(x))))) < 2e-15 * max(1, x), "ln \(x)")
            #expect(abs(logistic(x) - 1 / (1 + Glibc.exp(-x))) < 1e-15, "logistic \(x)")
        }
        #expect(exponential(0) == 1 && logistic(0) == 0.5)
        #expect(exponential(-1e9) > 0 && exponential(1e9).isFinite)
    }
}
