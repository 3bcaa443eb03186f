import Domain

/// One metric of Prometheus' text format with its samples; nothing is printed of one without any.
struct MetricFamily {
    enum Kind: String { case counter, gauge }

    struct Sample {
        var labels: KeyValuePairs<String, String>
        /// As Go and Swift write numbers.
        var value: String

        init(_ labels: KeyValuePairs<String, String>, _ value: Int64) {
            self.labels = labels
            self.value = "\(value)"
        }

        /// A number that is no count; to six decimals.
        init(_ labels: KeyValuePairs<String, String>, number value: Double) {
            self.labels = labels
            self.value = "\((value * 1e6).rounded() / 1e6)"
        }

        /// An instant or a length of time, printed in seconds.
        init(_ labels: KeyValuePairs<String, String>, milliseconds: Int64) {
            self.labels = labels
            let thousandths = String(String(milliseconds % 1000 + 1000).dropFirst())
            value = "\(milliseconds / 1000)" + (milliseconds % 1000 == 0 ? "" : ".\(thousandths)")
        }

        /// An amount of a budget, time in seconds.
        init(_ labels: KeyValuePairs<String, String>, _ amount: Int64, of unit: BudgetUnit) {
            if unit == .gpuTime { self.init(labels, milliseconds: amount) } else { self.init(labels, amount) }
        }
    }

    /// With its prefix.
    let name: String
    let kind: Kind
    let help: String
    let samples: [Sample]

    /// - Parameter name: without `londi_`.
    init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = "londi_\(name)"
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    var text: String {
        guard !samples.isEmpty else { return "" }
        let lines = samples.map { sample in
            let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            return "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" + lines.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(scalar)
            }
        }.joined()
    }
}
