/// Inputs UInt32, outputs UInt32, weights [inputs, outputs] Float, bias Float.
extension Layer {
    func append(to writer: inout ByteWriter) {
        writer.append(UInt32(inputCount))
        writer.append(UInt32(outputCount))
        writer.append(weights)
        writer.append(bias)
    }

    /// - Parameter inputs: how many the layer must have; nil for any.
    init(from reader: inout ByteReader, inputs: Int? = nil) throws(SwitchingError) {
        let inputCount = try reader.count("layer's inputs")
        let outputCount = try reader.count("layer's outputs")
        guard inputCount > 0, outputCount > 0, outputCount.isMultiple(of: 8), inputs ?? inputCount == inputCount,
            4 * (inputCount + 1) * outputCount <= reader.end - reader.position
        else { throw reader.damage("a layer of \(inputCount) to \(outputCount) does not fit") }
        self.init(
            inputCount: inputCount, outputCount: outputCount,
            weights: try reader.floats(inputCount * outputCount, "weights"),
            bias: try reader.floats(outputCount, "bias"))
    }
}

/// The three layers.
extension Network {
    func append(to writer: inout ByteWriter) {
        first.append(to: &writer)
        second.append(to: &writer)
        outputs.append(to: &writer)
    }

    init(from reader: inout ByteReader, featureCount: Int? = nil) throws(SwitchingError) {
        let first = try Layer(from: &reader, inputs: featureCount)
        let second = try Layer(from: &reader, inputs: first.outputCount)
        let outputs = try Layer(from: &reader, inputs: second.outputCount)
        guard outputs.outputCount == Self.outputCount else {
            throw reader.damage("a network has \(outputs.outputCount) outputs")
        }
        self.init(first: first, second: second, outputs: outputs)
    }
}

/// The two hidden layers, then the linear values as those of `fitted-q`.
extension NeuralValues {
    func append(to writer: inout ByteWriter) {
        hidden.first.append(to: &writer)
        hidden.second.append(to: &writer)
        linear.append(to: &writer)
    }

    init(from reader: inout ByteReader) throws(SwitchingError) {
        let first = try Layer(from: &reader)
        let hidden = HiddenLayers(first: first, second: try Layer(from: &reader, inputs: first.outputCount))
        let linear = try LinearValues(from: &reader)
        guard linear.featureCount == hidden.featureCount else {
            throw reader.damage("\(linear.featureCount) weights for \(hidden.featureCount) hidden features")
        }
        self.init(hidden: hidden, linear: linear)
    }
}

/// The scales of reward and calls Double, the cost Double, actor and both critics.
extension ActorCritic {
    func append(to writer: inout ByteWriter) {
        writer.append([scales.reward, scales.calls, cost])
        actor.append(to: &writer)
        for critic in critics { critic.append(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(SwitchingError) {
        let numbers = try reader.numbers(3, "scales")
        let actor = try Network(from: &reader)
        let featureCount = actor.first.inputCount
        self.init(
            actor: actor,
            critics: [
                try Network(from: &reader, featureCount: featureCount),
                try Network(from: &reader, featureCount: featureCount),
            ],
            scales: OutputScales(reward: numbers[0], calls: numbers[1]), cost: numbers[2])
    }
}
