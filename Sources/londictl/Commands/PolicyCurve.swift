import Control
import Domain

extension Command {
    static let policyCurve = Command(
        words: ["policy", "curve"],
        summary: "Draw the score against the share of DEEPTHINK calls over a sweep of prices, with the baselines",
        arguments: ["QUEUE"], options: [CommandOption("csv", nil, "print comma-separated values")],
        examples: ["policy curve maths", "policy curve maths --csv > curve.csv"], output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        var listing = try Listing(columns, invocation)
        let reply = try await Session(invocation).call(CurvePolicy.self, .init(queue: queue))
        if invocation.isSet("json") {
            invocation.writeObject(reply)
            return .ok
        }
        let isForScripts =
            ["csv", "jsonl", "no-header", "parsable"].contains(where: invocation.isSet)
            || invocation.text("output") != nil
        if !isForScripts { invocation.console.write(plot(reply.policies, width: min(invocation.console.width, 80))) }
        listing.print(reply.policies)
        if !isForScripts { EvaluationText.warn(reply.policies, invocation.console) }
        return .ok
    }

    private static let columns: [Column<EvaluationView>] = [
        Column("policy") { EvaluationText.name($0) },
        Column("cost", isRight: true) { Phrase.number($0.cost) },
        Column("share", isRight: true) { Phrase.number($0.callShare ?? 0) },
        Column("calls", isRight: true) { Phrase.number($0.estimate.calls.value) },
        Column("reward", isRight: true) { Phrase.number($0.estimate.reward.value) },
        Column("lower", isRight: true) { Phrase.number($0.estimate.reward.lower) },
        Column("upper", isRight: true) { Phrase.number($0.estimate.reward.upper) },
        Column("effective", isRight: true) { Phrase.number($0.estimate.effectiveCount, digits: 1) },
    ]
}

/// Rewards over call shares: `*` what is learnt at each price, `q`, `d` and `r` the baselines.
private func plot(_ views: [EvaluationView], width: Int) -> String {
    let points = views.map { view in
        (x: min(max(view.callShare ?? 0, 0), 1), y: view.estimate.reward.value, mark: mark(view.policy))
    }
    guard let least = points.map(\.y).min(), let greatest = points.map(\.y).max() else { return "" }
    let (columns, rows) = (max(20, width - 12), 12)
    let height = max(greatest - least, 1e-9)
    var grid = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    // Baselines last: where points meet, the baseline is what one looks for.
    for point in points {
        let row = rows - 1 - Int(((point.y - least) / height * Double(rows - 1)).rounded())
        grid[row][Int((point.x * Double(columns - 1)).rounded())] = point.mark
    }
    var text = "reward  (* learnt, q always-quick, d always-deepthink, r random)\n"
    for (index, row) in grid.enumerated() {
        let value = greatest - height * Double(index) / Double(rows - 1)
        let label = index == 0 || index == rows - 1 ? Phrase.number(value) : ""
        text += String(repeating: " ", count: max(0, 8 - label.count)) + label + " |" + row.joined() + "\n"
    }
    text += "         +" + String(repeating: "-", count: columns) + "\n"
    return text + "          0 %" + String(repeating: " ", count: columns - 9) + "100 %  of always-deepthink's calls\n"
}

private func mark(_ kind: SwitcherKind) -> String {
    switch kind {
    case .alwaysQuick: "q"
    case .alwaysDeepthink: "d"
    case .random: "r"
    default: "*"
    }
}
