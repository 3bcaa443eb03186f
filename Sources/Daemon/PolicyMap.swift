import Control
import Domain
import Storage
import Switching

/// Where DEEPTHINK is called: steps counted by something that they show (rows) and by where they stand (columns).
/// - Source: the heat-maps of the paper's Figure 1.
struct PolicyMap {
    enum Column: String, CaseIterable {
        case step
        case budget
    }

    /// The newest steps that are counted.
    static let stepLimit = 20_000
    /// What is tried where nothing is named: the first that the jobs have.
    static let usualRows = ["room", "family", "question length"]
    private static let mostRows = 20
    private static let mostColumns = 16
    private static let bucketCount = 5
    /// Digits behind the point that a label may have.
    private static let mostPlaces = 6

    private(set) var reply: MapPolicy.Reply

    /// Rows are a readable feature's buckets.
    init(_ choices: [PolicyChoice], feature: Int, named name: String, column: Column) {
        let values = choices.map { feature < $0.features.count ? Double($0.features[feature]) : 0 }
        let buckets = Self.buckets(values)
        self.init(choices, rows: buckets.labels, of: buckets.indices, named: name, column: column)
    }

    /// Rows are the words of the jobs' metadata, the most frequent first; what has none of the word is left out.
    init(_ choices: [PolicyChoice], metadata name: String, column: Column) {
        let shown = choices.filter { $0.word != nil }
        let words = shown.map { ExactText($0.word ?? "") }
        let counts = Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
        let ranked = counts.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }.map(\.key)
        let rows = Array(ranked.prefix(Self.mostRows))
        let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($0.element, $0.offset) })
        let hasOthers = ranked.count > rows.count
        self.init(
            shown, rows: rows.map(\.text) + (hasOthers ? ["(others)"] : []), of: words.map { places[$0] ?? rows.count },
            named: name, column: column)
    }

    private init(_ choices: [PolicyChoice], rows: [String], of places: [Int], named name: String, column: Column) {
        let columns: (labels: [String], indices: [Int])
        switch column {
        case .budget:
            // From untouched to spent.
            let labels = ["100-80 %", "80-60 %", "60-40 %", "40-20 %", "20-0 %"]
            columns = (
                labels, choices.map { min(labels.count - 1, Int((1 - $0.budgetShare) * Double(labels.count))) }
            )
        case .step:
            let last = min(choices.reduce(0) { max($0, $1.index) }, Self.mostColumns - 1)
            let isCut = choices.contains { $0.index > last }
            columns = (
                (0...last).map { $0 == last && isCut ? "\($0)+" : "\($0)" }, choices.map { min($0.index, last) }
            )
        }
        var counts: [Int: (quick: Int, deepthink: Int)] = [:]
        for (index, choice) in choices.enumerated() {
            let cell = places[index] * columns.labels.count + columns.indices[index]
            if choice.role == .quick {
                counts[cell, default: (0, 0)].quick += 1
            } else {
                counts[cell, default: (0, 0)].deepthink += 1
            }
        }
        let width = columns.labels.count
        reply = MapPolicy.Reply(
            row: name, column: column.rawValue, rows: rows, columns: columns.labels,
            cells: counts.sorted { $0.key < $1.key }.map { cell, count in
                HeatCell(row: cell / width, column: cell % width, quick: count.quick, deepthink: count.deepthink)
            })
    }

    /// A bucket for each value where there are few, else buckets of equal width from the least to the greatest. Labels
    /// have as many digits as it takes to tell them apart, two at least.
    static func buckets(_ values: [Double]) -> (labels: [String], indices: [Int]) {
        // Features are 32-bit floats: what differs by less is the same.
        let values = values.map { rounded($0, places: mostPlaces) }
        let distinct = Set(values).sorted()
        if distinct.count <= bucketCount {
            let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($0.element, $0.offset) })
            return (labels(of: distinct), values.map { places[$0] ?? 0 })
        }
        let (least, greatest) = (distinct[0], distinct[distinct.count - 1])
        let width = (greatest - least) / Double(bucketCount)
        let bounds = labels(of: (0...bucketCount).map { least + Double($0) * width })
        return (
            zip(bounds, bounds.dropFirst()).map { "\($0) to \($1)" },
            values.map { min(bucketCount - 1, Int(($0 - least) / width)) }
        )
    }

    private static func labels(of numbers: [Double]) -> [String] {
        let places = (2..<mostPlaces).first { places in
            Set(numbers.map { rounded($0, places: places) }).count == numbers.count
        }
        return numbers.map { "\(rounded($0, places: places ?? mostPlaces))" }
    }

    private static func rounded(_ number: Double, places: Int) -> Double {
        let unit = (0..<places).reduce(1.0) { unit, _ in unit * 10 }
        return (number * unit).rounded() / unit
    }

    /// Where a feature that a person can read stands; nil for any other word.
    static func readableFeature(_ name: String) -> Int? { HashedEncoder.denseNames.firstIndex(of: name) }
}
