import Control
import Domain

extension Command {
    static let policyHeatmap = Command(
        words: ["policy", "heatmap"], summary: "Draw where a queue's steps call DEEPTHINK",
        arguments: ["QUEUE"],
        options: [
            CommandOption(
                "by", "ROW[,COLUMN]",
                "a readable feature or a member of body.metadata, such as room; step (the default) or budget")
        ],
        examples: [
            "policy heatmap maths", "policy heatmap house --by room,budget",
            "policy heatmap maths --by \"QUICK's mean token\"",
        ]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        var parts = (invocation.text("by") ?? "").parts(at: ",", omittingEmpty: false).map(String.init)
        // A feature's name may hold a comma ("time of day, sine").
        let last = parts.last ?? ""
        let column = ["step", "budget"].contains(last) && parts.count > 1 ? last : nil
        if column != nil { parts.removeLast() }
        let row = invocation.text("by") == nil ? nil : parts.joined(separator: ",")
        if row == "" {
            throw .usage("--by names no row: use a feature or a member of the jobs' metadata, such as room")
        }
        let reply = try await Session(invocation).call(MapPolicy.self, .init(queue: queue, row: row, column: column))
        invocation.write(reply, orText: text(of: reply))
        return .ok
    }
}

/// Each cell as three characters of a shade: the darker, the larger DEEPTHINK's share of its steps.
private func text(of map: MapPolicy.Reply) -> String {
    var counts: [[(quick: Int, deepthink: Int)]] = map.rows.map { _ in map.columns.map { _ in (0, 0) } }
    for cell in map.cells where counts.indices.contains(cell.row) && counts[cell.row].indices.contains(cell.column) {
        counts[cell.row][cell.column] = (cell.quick, cell.deepthink)
    }
    let rows = map.rows.map { Plain.text($0, keepsLines: false) }
    let width = max(rows.map(Plain.width(of:)).max() ?? 0, Plain.width(of: map.row))
    let cellWidth = max(3, map.columns.map(Plain.width(of:)).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - Plain.width(of: text)))
    }
    let header = map.columns.map { padded($0, cellWidth) }.joined(separator: " ")
    var text = "DEEPTHINK's share of the steps, by \(map.row) and \(map.column)\n"
    text += "\(padded(map.row, width))  \(header)  DEEPTHINK\n"
    for (index, name) in rows.enumerated() {
        let cells = counts[index].map { padded(shade($0.quick, $0.deepthink), cellWidth) }
        let deepthink = counts[index].reduce(0) { $0 + $1.deepthink }
        let all = counts[index].reduce(deepthink) { $0 + $1.quick }
        text += padded(name, width) + "  " + cells.joined(separator: " ") + "  \(deepthink) of \(all)\n"
    }
    return text + "  . no step, \u{2591} to 25 %, \u{2592} to 50 %, \u{2593} to 75 %, \u{2588} to 100 %\n"
}

private func shade(_ quick: Int, _ deepthink: Int) -> String {
    guard quick + deepthink > 0 else { return "." }
    // Blank where it is never called; the rest in quarters, each with its upper end.
    if deepthink == 0 { return "   " }
    let marks = ["\u{2591}", "\u{2592}", "\u{2593}", "\u{2588}"]
    let quarter = (4 * deepthink - 1) / (quick + deepthink)
    return String(repeating: marks[min(3, quarter)], count: 3)
}
