import Control
import Domain

/// What a queue's Switcher has learnt: over time, against the baselines, and where it calls DEEPTHINK.
enum PolicyCharts {
    /// Mean reward and DEEPTHINK's share of the steps, over the judged jobs in the order of their ends.
    static func learning(_ queue: QueueName, _ points: [LearningPoint], id: String) -> String {
        guard let last = points.last else { return "" }
        let rewards = points.map(\.meanReward)
        let least = min(0, rewards.min() ?? 0)
        let plot = Plot(x: 0...Double(last.jobs), y: least...max(1, rewards.max() ?? 1))
        var marks = plot.rowAxis("reward, share") { Phrase.number($0, digits: 1) }
        marks += plot.columnAxis(
            Plot.ticks(plot.columns).map { ($0, Phrase.number($0, digits: 0)) }, "judged jobs, oldest first")
        marks += plot.line(points.map { (Double($0.jobs), $0.deepthinkShare) }, style: "l1")
        marks += plot.line(points.map { (Double($0.jobs), $0.meanReward) }, style: "l0")
        for point in points {
            marks += plot.point(
                Double(point.jobs), point.meanReward, style: "s0",
                title: "until job \(point.jobs), \(RFC3339.text(of: point.endedAt)): reward "
                    + "\(Phrase.number(point.meanReward)), DEEPTHINK \(Phrase.share(point.deepthinkShare))")
        }
        let rows = points.map {
            [
                "\($0.jobs)", RFC3339.text(of: $0.endedAt), Phrase.number($0.meanReward),
                Phrase.share($0.deepthinkShare),
            ]
        }
        let title = "Learning curve of \(queue)"
        let first = points[0]
        return plot.picture(
            id, title: title,
            description:
                "Over \(last.jobs) judged jobs the mean reward went from \(Phrase.number(first.meanReward)) to "
                + "\(Phrase.number(last.meanReward)), DEEPTHINK's share of the steps from "
                + "\(Phrase.share(first.deepthinkShare)) to \(Phrase.share(last.deepthinkShare))", marks)
            + HTML.legend([("mean reward", "s0"), ("DEEPTHINK's share of the steps", "s1")])
            + HTML.details(
                "The numbers",
                HTML.table(title, ["jobs", "until", "mean reward", "DEEPTHINK"], rows, numbers: [0, 2, 3]))
    }

    /// Reward against calls over a sweep of prices, with 95 % intervals, beside the baselines.
    static func curve(_ queue: QueueName, _ views: [EvaluationView], id: String) -> String {
        let estimates = views.map(\.estimate.reward)
        guard let least = estimates.map(\.lower).min(), let greatest = estimates.map(\.upper).max() else { return "" }
        let room = max(0.05, (greatest - least) * 0.05)
        let plot = Plot(x: 0...1, y: least - room...greatest + room)
        var marks = plot.rowAxis("reward") { Phrase.number($0, digits: 2) }
        marks += plot.columnAxis(
            [0, 0.25, 0.5, 0.75, 1].map { ($0, "\(Phrase.number($0 * 100, digits: 0)) %") },
            "share of always-deepthink's calls")
        func place(_ view: EvaluationView) -> Double { min(max(view.callShare ?? 0, 0), 1) }
        let learnt = views.filter { $0.policy.learns }.sorted { place($0) < place($1) }
        marks += plot.line(learnt.map { (place($0), $0.estimate.reward.value) }, style: "l0")
        for view in views {
            let style = view.policy.learns ? "s0" : view.policy == .random ? "s5" : "s3"
            let reward = view.estimate.reward
            marks += plot.line([(place(view), reward.lower), (place(view), reward.upper)], style: "interval")
            marks += plot.point(
                place(view), reward.value, style: style,
                title: "\(EvaluationText.name(view)) at cost \(Phrase.number(view.cost)): reward "
                    + "\(Phrase.number(reward.value)) (\(Phrase.interval(reward))), \(Phrase.share(view.callShare)) of the calls"
            )
        }
        let rows = views.map { view in
            [
                EvaluationText.name(view), Phrase.number(view.cost), Phrase.share(view.callShare),
                Phrase.number(view.estimate.reward.value), Phrase.interval(view.estimate.reward),
                Phrase.number(view.estimate.effectiveCount, digits: 1),
            ]
        }
        let title = "Cost and quality of \(queue)"
        let header = ["policy", "cost", "calls", "reward", "95 % interval", "effective jobs"]
        return plot.picture(
            id, title: title,
            description: "Estimated reward against the share of DEEPTHINK calls, of "
                + "\(Phrase.count(views.count, "policy")), from \(Phrase.number(least)) to \(Phrase.number(greatest))",
            marks)
            + HTML.legend([("learnt", "s0"), ("random", "s5"), ("always QUICK, always DEEPTHINK", "s3")])
            + HTML.details("The numbers", HTML.table(title, header, rows, numbers: [1, 2, 3, 5]))
    }

    /// The darker a cell, the larger DEEPTHINK's share of its steps, which it names.
    static func map(_ queue: QueueName, _ map: MapPolicy.Reply, id: String) -> String {
        let title = "Where \(queue) calls DEEPTHINK"
        guard !map.rows.isEmpty, !map.columns.isEmpty, !map.cells.isEmpty else { return "<p>No step yet.</p>\n" }
        let (left, top, rowHeight) = (120.0, 34.0, 26.0)
        let cellWidth = (Plot.width - left - 4) / Double(map.columns.count)
        let height = top + rowHeight * Double(map.rows.count) + 26
        let plot = Plot(x: 0...1, y: 0...1, height: height)
        var marks = "<text class=\"unit\" x=\"0\" y=\"24\">\(HTML.text(map.row))</text>\n"
        for (index, name) in map.columns.enumerated() {
            let x = left + cellWidth * (Double(index) + 0.5)
            marks +=
                "<text class=\"axis\" x=\"\(Plot.number(x))\" y=\"24\" text-anchor=\"middle\">\(HTML.text(name))</text>\n"
        }
        for (index, name) in map.rows.enumerated() {
            let y = top + rowHeight * (Double(index) + 0.5) + 4
            marks +=
                "<text class=\"axis\" x=\"0\" y=\"\(Plot.number(y))\">\(HTML.text(Plain.cut(name, to: 17)))</text>\n"
        }
        var rows: [[String]] = []
        for cell in map.cells where map.rows.indices.contains(cell.row) && map.columns.indices.contains(cell.column) {
            let steps = cell.quick + cell.deepthink
            guard steps > 0 else { continue }
            let share = Double(cell.deepthink) / Double(steps)
            let (row, column) = (map.rows[cell.row], map.columns[cell.column])
            let (x, y) = (left + cellWidth * Double(cell.column), top + rowHeight * Double(cell.row))
            marks +=
                "<rect class=\"heat\" x=\"\(Plot.number(x + 1))\" y=\"\(Plot.number(y + 1))\" "
                + "width=\"\(Plot.number(cellWidth - 2))\" height=\"\(Plot.number(rowHeight - 2))\" "
                + "fill-opacity=\"\(Phrase.number(0.08 + 0.92 * share, digits: 2))\"><title>"
                + HTML.text("\(map.row) \(row), \(map.column) \(column): \(cell.deepthink) of \(steps) steps")
                + "</title></rect>\n"
            marks +=
                "<text class=\"\(share > 0.5 ? "on" : "axis")\" x=\"\(Plot.number(x + cellWidth / 2))\" "
                + "y=\"\(Plot.number(y + rowHeight / 2 + 4))\" text-anchor=\"middle\">"
                + "\(Phrase.number(share * 100, digits: 0))</text>\n"
            rows.append([row, column, "\(cell.deepthink)", "\(steps)", Phrase.share(share)])
        }
        marks +=
            "<text class=\"unit\" x=\"\(Plot.number((left + Plot.width) / 2))\" y=\"\(Plot.number(height - 6))\" "
            + "text-anchor=\"middle\">\(HTML.text(map.column)); numbers are per cent of the steps</text>\n"
        return plot.picture(
            id, title: title,
            description: "DEEPTHINK's share of the newest steps by \(map.row) and \(map.column), "
                + "\(Phrase.count(rows.count, "cell")) with a step", marks)
            + HTML.details(
                "The numbers",
                HTML.table(title, [map.row, map.column, "DEEPTHINK", "steps", "share"], rows, numbers: [2, 3, 4]))
    }
}
