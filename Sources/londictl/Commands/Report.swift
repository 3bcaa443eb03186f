import Control
import Domain

extension Command {
    static let reportPage = Command(
        words: ["report"], summary: "Write a page of spend, outcomes, learning and the dearest jobs, for a browser",
        options: [
            CommandOption("since", "DAY", "from this day on, 2026-11-23, or 30d (the default): so many days ago"),
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("output", short: "o", "FILE", "write it there, whole or not at all; - is stdout (needed)"),
        ],
        examples: ["report --since 30d -o report.html", "report --queue maths -o - > maths.html"], output: .text
    ) { invocation async throws(CommandError) in
        let path = try invocation.required("output")
        let first = try invocation.day(invocation.text("since") ?? "30d", option: "since")
        let queue = try invocation.queueOption()
        let console = invocation.console
        let session = try Session(invocation)
        let file = path == "-" ? nil : try WholeFile(path: path)
        var progress = StageLine(console)
        let data = try await ReportData.read(from: first, queue: queue, session, now: console.now()) {
            progress.tell("reading \($0)")
        }
        progress.clear()
        let page = ReportPage.text(data)
        guard let file else {
            console.write(page)
            return .ok
        }
        try file.write(page)
        try file.save()
        console.complain("\(FileName(path)): \(page.utf8.count) bytes; open it in any browser\n")
        return .ok
    }
}
