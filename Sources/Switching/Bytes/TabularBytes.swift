import Domain

/// The number of states UInt32 and of features n UInt32; for each state n features Float, 1 byte that is 1 where both
/// actions were tried, reward and calls of QUICK and DEEPTHINK 4 Double, the difference's variance Double.
extension TabularValues {
    func append(to writer: inout ByteWriter) {
        writer.append(UInt32(rows.count))
        writer.append(UInt32(featureCount))
        for row in rows {
            writer.append(row.features)
            writer.append(UInt8(row.isFullyTried ? 1 : 0))
            writer.append([row.forecast.reward.quick, row.forecast.reward.deepthink])
            writer.append([row.forecast.callsAfter.quick, row.forecast.callsAfter.deepthink])
            writer.append([row.differenceVariance])
        }
    }

    init(from reader: inout ByteReader) throws(SwitchingError) {
        let count = try reader.count("state count")
        let n = Int(try reader.integer("feature count") as UInt32)
        guard count == 0 || n < reader.end else { throw reader.damage("\(n) is no feature count") }
        try reader.require(count * (4 * n + 41), "\(count) states")
        var rows: [Row] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let features = try reader.floats(n, "states")
            if let last = rows.last, order(last.features, features.span) >= 0 {
                throw reader.damage("its states are not in order")
            }
            let isFullyTried = try reader.integer("flag") as UInt8 != 0
            let numbers = try reader.numbers(5, "values")
            rows.append(
                Row(
                    features: features,
                    forecast: Forecast(
                        reward: ActionValues(quick: numbers[0], deepthink: numbers[1]),
                        callsAfter: ActionValues(quick: numbers[2], deepthink: numbers[3])),
                    isFullyTried: isFullyTried, differenceVariance: numbers[4]))
        }
        self.init(featureCount: n, rows: rows)
    }
}
