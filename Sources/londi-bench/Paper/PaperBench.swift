import Control
import Domain
import Glibc

/// Runs an experiment of the paper through a running londid and writes it down: FIGURE.csv with every arm, FIGURE.svg, and
/// FIGURE.md, a table, and FIGURE-times.md, what steps waited for.
struct PaperBench {
    private static let stretch = 100

    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let figure = try chosenFigure()
        guard let socket = options.socket else { throw BenchError(description: "paper needs --socket PATH") }
        let queues = PaperQueues(client: try ControlClient.connect(path: socket), figure: figure)
        report.note("figure \(figure.number): \(figure.title)")
        report.note("\(options.trainingCount) episodes to learn from, \(options.episodeCount) others for each policy")
        let learning = try await queues.learn(from: options.trainingCount, stretch: Self.stretch)
        for (number, sample) in learning.enumerated() {
            let name = "learning at cost \(figure.learningCost), episodes from \(number * Self.stretch)"
            report.add("\(name): reward", sample.reward.value, "", margin: sample.reward.margin)
            report.add("\(name): calls", sample.calls.value, "an episode", margin: sample.calls.margin)
        }
        var rows: [PaperRow] = []
        func add(_ arm: PaperArm, _ sample: PaperSample) throws {
            rows.append(PaperRow(arm: arm, sample: sample))
            report.add("\(arm.name): reward", sample.reward.value, "", margin: sample.reward.margin)
            report.add("\(arm.name): calls", sample.calls.value, "an episode", margin: sample.calls.margin)
            // A long measurement that is cut off keeps what it has.
            try write(PaperTable(figure: figure, rows: rows))
        }
        for arm in PaperArm.bounds { try add(arm, try await queues.measure(arm, episodes: options.episodeCount)) }
        for arm in PaperArm.learners(of: figure) where !options.isBrief || arm.kind == .fittedQ {
            try add(arm, try await queues.measureLearnt(arm, episodes: options.episodeCount))
        }
        guard !options.isBrief else { return }
        for arm in PaperArm.baselines(of: figure) {
            try add(arm, try await queues.measure(arm, episodes: options.episodeCount))
        }
    }

    private func chosenFigure() throws(BenchError) -> PaperFigure {
        guard let figure = PaperFigure.all.first(where: { $0.number == options.figure }) else {
            let numbers = PaperFigure.all.map { "\($0.number)" }.joined(separator: ", ")
            throw BenchError(description: "paper needs --figure; there is \(numbers)")
        }
        guard let level = options.level else { return figure }
        guard let other = figure.at(level: level) else {
            throw BenchError(description: "figure \(figure.number) has no levels; --level is for figure 4")
        }
        return other
    }

    private func write(_ table: PaperTable) throws(BenchError) {
        let path = "\(options.results)/\(options.name ?? "figure-\(table.figure.number)")"
        try Londid.write(table.csv, to: "\(path).csv")
        try Londid.write(table.markdown, to: "\(path).md")
        try Londid.write(table.times, to: "\(path)-times.md")
        try Londid.write(PaperChart(table).svg, to: "\(path).svg")
        guard !table.figure.budgets.isEmpty else { return }
        let rooms = PaperRooms(table)
        try Londid.write(rooms.csv, to: "\(path)-rooms.csv")
        try Londid.write(rooms.markdown, to: "\(path)-rooms.md")
        try Londid.write(rooms.svg, to: "\(path)-rooms.svg")
    }
}
