import Control
import Domain

/// What was measured, on which machine.
struct Report {
    /// One number with its unit, and what it is a number of.
    struct Figure {
        var name: String
        var value: Double
        var unit: String
        /// Half the width of its 95 % interval, where it is a mean.
        var margin: Double?
    }

    let machine: Machine
    let place: Place
    private(set) var figures: [Figure] = []
    /// What a reader must know to believe the figures.
    private(set) var notes: [String] = []

    init(machine: Machine, place: Place) {
        self.machine = machine
        self.place = place
    }

    mutating func add(_ name: String, _ value: Double, _ unit: String, margin: Double? = nil) {
        figures.append(Figure(name: name, value: value, unit: unit, margin: margin))
    }

    mutating func note(_ text: String) { notes.append(text) }

    private var surroundings: [(name: String, value: String)] { machine.described + place.described }

    var text: String {
        let lines =
            surroundings.map { "\($0.name): \($0.value)" } + notes.map { "note: \($0)" }
            + figures.map { figure in
                let margin = figure.margin.map { " +- \(Self.rounded($0))" } ?? ""
                return "\(figure.name): \(Self.rounded(figure.value))\(margin)"
                    + (figure.unit.isEmpty ? "" : " \(figure.unit)")
            }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: String {
        func object(_ members: [(name: String, value: String)]) -> JSONValue {
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, .string($0.value)) }))
        }
        let all = figures.map { figure in
            JSONValue.object([
                "name": .string(figure.name), "value": .number(figure.value), "unit": .string(figure.unit),
                "margin": figure.margin.map(JSONValue.number) ?? .null,
            ])
        }
        return JSONText.text(
            of: JSONValue.object([
                "machine": object(surroundings), "figures": .array(all), "notes": .array(notes.map(JSONValue.string)),
            ])) + "\n"
    }

    /// Three digits that count, and no fraction from 1000 on.
    private static func rounded(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if abs(value) >= 1000 { return "\(Int(value.rounded()))" }
        let places = abs(value) >= 100 ? 1.0 : abs(value) >= 10 ? 10.0 : 1000.0
        return "\((value * places).rounded() / places)"
    }
}
