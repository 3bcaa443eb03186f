import Domain

/// A figure as SVG: reward as a share of always-DEEPTHINK's against DEEPTHINK's calls in an episode.
struct PaperChart {
    private static let (width, height, margin) = (640.0, 420.0, 60.0)
    private static let colours: [SwitcherKind: String] = [
        .fittedQ: "#c0392b", .fittedQMLP: "#8e44ad", .random: "#7f8c8d", .threshold: "#2980b9", .swiftSage: "#27ae60",
        .alwaysQuick: "#2c3e50", .alwaysDeepthink: "#2c3e50",
    ]

    private let table: PaperTable
    /// The reward that is drawn as 1.
    private let unit: Double
    private let lowest: Double
    private let highest: Double
    /// Calls of an episode.
    private let mostCalls: Double

    init(_ table: PaperTable) {
        self.table = table
        let deepthink = table.sample(.alwaysDeepthink)?.reward.value ?? 0
        let unit = deepthink > 0 ? deepthink : 1
        self.unit = unit
        let rewards = table.rows.map(\.sample.reward)
        lowest = min(0, rewards.map { ($0.value - $0.margin) / unit }.min() ?? 0)
        highest = max(1.1, rewards.map { ($0.value + $0.margin) / unit }.max() ?? 1)
        mostCalls = max(1, (table.rows.map { $0.sample.calls.value }.max() ?? 1).rounded(.up))
    }

    var svg: String {
        let (right, bottom) = (Self.width - Self.margin, Self.height - Self.margin)
        var parts = [
            PaperDrawing.label(
                "\(table.figure.title), \(table.rows.first?.sample.episodes.count ?? 0) episodes a policy",
                Self.width / 2, 24),
            PaperDrawing.label("DEEPTHINK calls an episode", Self.width / 2, Self.height - 16),
            "<path d=\"M\(Self.margin) \(Self.margin)V\(bottom)H\(right)\" fill=\"none\" stroke=\"black\"/>",
            "<text transform=\"translate(18 \(Self.height / 2)) rotate(-90)\" text-anchor=\"middle\">"
                + "reward, always-deepthink = 1</text>",
        ]
        for tick in 0...5 {
            let share = Double(tick) / 5
            let reward = lowest + share * (1 - lowest)
            parts.append(PaperDrawing.label((share * mostCalls).rounded(1), x(share * mostCalls), bottom + 18))
            parts.append(PaperDrawing.label(reward.rounded(1), Self.margin - 18, y(reward * unit) + 4))
        }
        for kind in [SwitcherKind.random, .threshold, .fittedQ, .fittedQMLP] { parts.append(line(kind)) }
        parts += table.rows.map(point)
        for (number, kind) in Self.colours.keys.sorted(by: { $0.rawValue < $1.rawValue }).enumerated() {
            let top = bottom - 16 * Double(number) - 12
            parts.append("<circle cx=\"\(right - 120)\" cy=\"\(top - 4)\" r=\"4\" fill=\"\(colour(kind))\"/>")
            parts.append("<text x=\"\(right - 110)\" y=\"\(top)\">\(kind.rawValue)</text>")
        }
        return PaperDrawing.svg(width: Self.width, height: Self.height, parts)
    }

    private func x(_ calls: Double) -> Double { Self.margin + calls / mostCalls * (Self.width - 2 * Self.margin) }

    private func y(_ reward: Double) -> Double {
        let share = (reward / unit - lowest) / (highest - lowest)
        return Self.height - Self.margin - share * (Self.height - 2 * Self.margin)
    }

    private func colour(_ kind: SwitcherKind) -> String { Self.colours[kind] ?? "black" }

    private func line(_ kind: SwitcherKind) -> String {
        guard let curve = table.curve(kind) else { return "" }
        let points = curve.points.map { "\(x($0.share * table.mostCalls)),\(y($0.reward))" }.joined(separator: " ")
        return "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour(kind))\"/>"
    }

    private func point(_ row: PaperRow) -> String {
        let (reward, at) = (row.sample.reward, x(row.sample.calls.value))
        let (low, high) = (y(reward.value - reward.margin), y(reward.value + reward.margin))
        return "<path d=\"M\(at) \(low)V\(high)\" stroke=\"\(colour(row.arm.kind))\"/>"
            + "<circle cx=\"\(at)\" cy=\"\(y(reward.value))\" r=\"4\" fill=\"\(colour(row.arm.kind))\"/>"
    }
}
