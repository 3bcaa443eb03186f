/// The noise's variance Double, the number of features n UInt32, 4 n weights Double, n (n + 1) / 2 factor Float.
extension LinearValues {
    func append(to writer: inout ByteWriter) {
        writer.append(noiseVariance.bitPattern)
        writer.append(UInt32(featureCount))
        writer.append(rewardMean)
        writer.append(rewardDifference)
        writer.append(callsMean)
        writer.append(callsDifference)
        writer.append(differencePrecisionFactor)
    }

    init(from reader: inout ByteReader) throws(SwitchingError) {
        let noiseVariance = try reader.number("noise variance")
        let n = try reader.count("feature count")
        try reader.require(32 * n + 2 * n * (n + 1), "\(n) features")
        self.init(
            rewardMean: try reader.numbers(n, "reward mean"),
            rewardDifference: try reader.numbers(n, "reward difference"),
            callsMean: try reader.numbers(n, "calls mean"),
            callsDifference: try reader.numbers(n, "calls difference"),
            differencePrecisionFactor: try reader.floats(n * (n + 1) / 2, "precision"), noiseVariance: noiseVariance)
    }
}
