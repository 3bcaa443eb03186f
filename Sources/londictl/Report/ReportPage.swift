import Control
import Domain

/// The report: one page that needs nothing else.
enum ReportPage {
    static func text(_ data: ReportData) -> String {
        let title = "Londi, \(data.first) to \(data.last)"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="\(contentSecurityPolicy)">
            <title>\(HTML.text(title))</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <header>
            <h1>\(HTML.text(title))</h1>
            <p class="note">\(HTML.text(subtitle(data)))</p>
            </header>
            <main>
            \(cards(data))<div class="grid2">
            \(HTML.section("Spend", DailyCharts.spend(data)))\(HTML.section("Jobs", DailyCharts.outcomes(data)))</div>
            \(HTML.section("Budgets today", budgets(data)))\(data.queues.enumerated().map { queue($1, $0, data) }.joined())\
            \(HTML.section("Dearest jobs", DearestJobs.text(data.dearest), note: DearestJobs.note))\(HTML.section("The ledger", ledger(data)))</main>
            </body>
            </html>

            """
    }

    /// Lets the page do nothing but show itself. What has no fallback to `default-src` is named.
    /// - Source: W3C, "Content Security Policy Level 3". `frame-ancestors` and `sandbox` mean nothing in a page's head.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'none'; object-src 'none'; frame-src 'none'; "
        + "child-src 'none'; connect-src 'none'; img-src 'none'; base-uri 'none'; form-action 'none'"

    private static func subtitle(_ data: ReportData) -> String {
        let models = data.status.engines.map { "\(Phrase.role($0.role)) \($0.model)" }.joined(separator: ", ")
        return "Made \(RFC3339.text(of: data.madeAt)) by londid \(data.status.version). \(models)."
    }

    /// The figures that one looks for first.
    private static func cards(_ data: ReportData) -> String {
        let days = data.jobs.days
        let ended = days.reduce(0) { $0 + $1.completed + $1.failed + $1.cancelled + $1.timeout }
        let completed = days.reduce(0) { $0 + $1.completed }
        let judged = days.reduce(0) { $0 + $1.judged }
        let rewards = days.reduce(0) { $0 + ($1.meanReward ?? 0) * Double($1.judged) }
        let (quick, deepthink) = (data.total.quick, data.total.deepthink)
        let steps = quick.calls + deepthink.calls
        let figures = [
            ("Jobs ended", "\(ended)"),
            ("Completed", ended == 0 ? "-" : Phrase.share(Double(completed) / Double(ended))),
            ("Mean reward", judged == 0 ? "-" : Phrase.number(rewards / Double(judged))),
            ("DEEPTHINK calls", "\(deepthink.calls)"),
            ("DEEPTHINK's share", steps == 0 ? "-" : Phrase.share(Double(deepthink.calls) / Double(steps))),
            ("DEEPTHINK GPU time", Phrase.duration(deepthink.gpuMilliseconds)),
        ]
        let items = figures.map { "<li><span>\(HTML.text($0.0))</span> <strong>\(HTML.text($0.1))</strong></li>\n" }
        return "<ul class=\"cards\">\n\(items.joined())</ul>\n"
    }

    private static func budgets(_ data: ReportData) -> String {
        let rows = data.budgets.map { budget in
            [
                budget.queue.text, budget.day.description, Phrase.budget(budget),
                Phrase.share(1 - budget.remainingShare), Phrase.burn(budget),
                budget.burn?.exhaustedAt.map { RFC3339.text(of: $0) } ?? "-",
                budget.pacing.map { Phrase.number($0.price) } ?? "-", RFC3339.text(of: budget.resetsAt),
            ]
        }
        return HTML.table(
            "Spent and reserved of today's budgets; the price is what one more DEEPTHINK call is worth",
            ["queue", "day", "spent or reserved", "used", "in the last hour", "exhausts", "price", "resets"], rows,
            numbers: [3, 4, 6])
    }

    private static func queue(_ name: QueueName, _ index: Int, _ data: ReportData) -> String {
        let points = data.jobs.learning.filter { $0.queue == name }
        guard !points.isEmpty else { return "" }
        var text = HTML.section("\(name): learning curve", PolicyCharts.learning(name, points, id: "learning\(index)"))
        for (_, part) in data.curves.filter({ $0.queue == name }) {
            text += section("\(name): cost and quality", part) { PolicyCharts.curve(name, $0, id: "curve\(index)") }
        }
        for (_, part) in data.maps.filter({ $0.queue == name }) {
            text += section("\(name): where DEEPTHINK is called", part) {
                PolicyCharts.map(name, $0, id: "map\(index)")
            }
        }
        return "<div class=\"grid2\">\n\(text)</div>\n"
    }

    private static func section<Value>(
        _ title: String, _ part: ReportData.Part<Value>, _ draw: (Value) -> String
    ) -> String {
        switch part {
        case .there(let value): HTML.section(title, draw(value))
        case .missing(let reason): HTML.section(title, "<p>Not shown: \(HTML.text(reason))</p>\n")
        }
    }

    /// Whether the books agree, and the seal that anybody may compare with one noted down elsewhere.
    private static func ledger(_ data: ReportData) -> String {
        switch data.books {
        case .missing(let reason): return "<p>Not verified: \(HTML.text(reason))</p>\n"
        case .there(let books):
            let seal = books.lastHash.map { "<p>Last seal: <code>\(HTML.text($0))</code></p>\n" } ?? ""
            let at = RFC3339.text(of: data.madeAt)
            guard !books.differences.isEmpty else {
                return "<p>Verified \(at): chain, counters, steps, reservations and job sums of "
                    + "\(Phrase.count(books.entries, "ledger entry")) agree.</p>\n\(seal)"
            }
            let rows = books.differences.map { [$0.subject, $0.check, $0.expected, $0.found] }
            return
                "<p class=\"bad\">Verified \(at): \(Phrase.count(books.differences.count, "difference")).</p>\n\(seal)"
                + HTML.table("Differences", ["where", "check", "expected", "found"], rows)
        }
    }
}
