import Control
import Domain

/// Stacked bars by day: spend against budget, and what the jobs came to.
enum DailyCharts {
    /// One colour's part of the bars.
    struct Series {
        var name: String
        var style: String
        /// By day, as many as there are days.
        var values: [Int64]
    }

    /// DEEPTHINK calls by queue. The line is what the queues' budgets of today allow together, where each has one.
    static func spend(_ data: ReportData) -> String {
        let series = data.queues.enumerated().map { index, queue in
            let calls = Dictionary(
                data.spend.filter { $0.queue == queue }.map { ($0.day, $0.deepthink.calls) }, uniquingKeysWith: +)
            return Series(
                name: queue.text, style: ReportStyle.series(index), values: data.days.map { calls[$0] ?? 0 })
        }
        let limits = data.budgets.compactMap(\.limits.calls)
        let limit = limits.count == data.budgets.count && !limits.isEmpty ? limits.reduce(0, +) : nil
        let total = series.reduce(Int64(0)) { $0 + $1.values.reduce(0, +) }
        return stacked(
            "spend", "DEEPTHINK calls a day by queue", unit: "calls", data.days, series, limit: limit,
            description: "\(Phrase.count(total, "call")) from \(data.first) to \(data.last)"
                + (limit.map { "; today's budgets allow \($0) together, the dashed line" } ?? ""))
    }

    static func outcomes(_ data: ReportData) -> String {
        let states: [(JobState, String)] = [
            (.completed, "s2"), (.failed, "s1"), (.timeout, "s3"), (.cancelled, "s5"),
        ]
        let series = states.map { state, style in
            let counts = Dictionary(data.jobs.days.map { ($0.day, Int64($0[state])) }, uniquingKeysWith: +)
            return Series(name: state.rawValue, style: style, values: data.days.map { counts[$0] ?? 0 })
        }
        let sums = series.map { "\($0.values.reduce(0, +)) \($0.name)" }.joined(separator: ", ")
        return stacked(
            "outcomes", "Jobs that ended, by day and outcome", unit: "jobs", data.days, series, limit: nil,
            description: "From \(data.first) to \(data.last): \(sums)")
    }

    private static func stacked(
        _ id: String, _ title: String, unit: String, _ days: [DayKey], _ series: [Series], limit: Int64?,
        description: String
    ) -> String {
        let shown = series.filter { $0.values.contains { $0 > 0 } }
        guard !shown.isEmpty else { return "<p>None in these days.</p>\n" }
        let sums = days.indices.map { day in shown.reduce(Int64(0)) { $0 + $1.values[day] } }
        let greatest = Double(max(sums.max() ?? 1, limit ?? 0, 1))
        let plot = Plot(x: 0...Double(days.count), y: 0...greatest * 1.05)
        var marks = plot.rowAxis(unit) { Phrase.number($0, digits: greatest < 4 ? 1 : 0) }
        marks += plot.columnAxis(labels(days), "day")
        var heights = Array(repeating: Int64(0), count: days.count)
        for part in shown {
            for (index, value) in part.values.enumerated() where value > 0 {
                marks += plot.bar(
                    from: Double(index) + 0.1, to: Double(index) + 0.9, low: Double(heights[index]),
                    high: Double(heights[index] + value), style: part.style,
                    title: "\(days[index]), \(part.name): \(value) \(unit)")
                heights[index] += value
            }
        }
        if let limit {
            marks += plot.line([(0, Double(limit)), (Double(days.count), Double(limit))], style: "limit")
        }
        let rows = days.indices.filter { sums[$0] > 0 }.map { day in
            [days[day].description] + shown.map { "\($0.values[day])" } + ["\(sums[day])"]
        }
        let header = ["day"] + shown.map(\.name) + ["all"]
        return plot.picture(id, title: title, description: description, marks)
            + HTML.legend(shown.map { ($0.name, $0.style) } + (limit == nil ? [] : [("today's budgets", "limit")]))
            + HTML.details(
                "The numbers", HTML.table(title, header, rows, numbers: Set(1..<header.count)))
    }

    /// At most seven days, month and day of month alone.
    private static func labels(_ days: [DayKey]) -> [(value: Double, text: String)] {
        let step = (days.count + 6) / 7
        return stride(from: 0, to: days.count, by: step).map { (Double($0) + 0.5, String("\(days[$0])".dropFirst(5))) }
    }
}
