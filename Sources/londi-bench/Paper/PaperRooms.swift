/// Where DEEPTHINK is called, room by room, for each budget: the paper's heat-maps as a table and a picture.
/// - Source: Chen, Du and Mguni, arXiv 2402.12061, figure 1 (b-e).
struct PaperRooms: Sendable {
    private static let (left, top, width, height) = (150.0, 70.0, 110.0, 28.0)

    private let title: String
    /// The policies with a budget, and in the order of their use the rooms that any of them was in.
    private let rows: [PaperRow]
    private let rooms: [String]

    init(_ table: PaperTable) {
        let rows = table.rows.filter { $0.arm.budget != nil }
        title = table.figure.title
        self.rows = rows
        let steps = rows.flatMap(\.sample.episodes).flatMap(\.rooms).reduce(into: [String: Int]()) {
            $0[$1.key, default: 0] += $1.value.steps
        }
        rooms = steps.keys.sorted { (steps[$0] ?? 0, $1) > (steps[$1] ?? 0, $0) }
    }

    var csv: String {
        let lines = rows.flatMap { row in
            rooms.map { room in
                let use = self.use(of: room, by: row)
                return "\(row.arm.budget ?? 0),\(room),\(use.steps),\(use.deepthinkSteps),\(calls(use, row).rounded(2))"
            }
        }
        return (["budget,room,steps,deepthink_steps,deepthink_calls_an_episode"] + lines).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let header = "| room | " + rows.map { "at most \($0.arm.budget ?? 0)" }.joined(separator: " | ") + " |"
        let lines = rooms.map { room in
            let cells = rows.map { row in
                let use = self.use(of: room, by: row)
                return "\(calls(use, row).rounded(2)) (\(share(use).percent))"
            }
            return "| \(room) | " + cells.joined(separator: " | ") + " |"
        }
        let ruler = "|---" + String(repeating: "|---", count: rows.count) + "|"
        return ([header, ruler] + lines).joined(separator: "\n") + "\n"
    }

    /// Red is where every step is DEEPTHINK's; the numbers are its calls an episode.
    var svg: String {
        let (right, bottom) = (
            Self.left + Self.width * Double(rows.count), Self.top + Self.height * Double(rooms.count)
        )
        var parts = [
            PaperDrawing.label(title, (right + 20) / 2, 24),
            PaperDrawing.label(
                "DEEPTHINK calls an episode; red: its share of the steps in the room", (right + 20) / 2, bottom + 26),
        ]
        for (column, row) in rows.enumerated() {
            let x = Self.left + Self.width * Double(column)
            parts.append(PaperDrawing.label("at most \(row.arm.budget ?? 0)", x + Self.width / 2, Self.top - 10))
            for (line, room) in rooms.enumerated() {
                let (use, y) = (self.use(of: room, by: row), Self.top + Self.height * Double(line))
                parts.append(
                    "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(Self.width)\" height=\"\(Self.height)\" stroke=\"white\" "
                        + "fill=\"#c0392b\" fill-opacity=\"\(share(use).rounded(2))\"/>")
                parts.append(PaperDrawing.label(calls(use, row).rounded(2), x + Self.width / 2, y + 18))
            }
        }
        for (line, room) in rooms.enumerated() {
            parts.append(PaperDrawing.label(room, Self.left / 2, Self.top + Self.height * Double(line) + 18))
        }
        return PaperDrawing.svg(width: right + 20, height: bottom + 40, parts)
    }

    private func use(of room: String, by row: PaperRow) -> PaperSample.RoomUse {
        row.sample.episodes.compactMap { $0.rooms[room] }.reduce(into: PaperSample.RoomUse()) {
            $0.steps += $1.steps
            $0.deepthinkSteps += $1.deepthinkSteps
        }
    }

    private func calls(_ use: PaperSample.RoomUse, _ row: PaperRow) -> Double {
        Double(use.deepthinkSteps) / Double(row.sample.episodes.count)
    }

    private func share(_ use: PaperSample.RoomUse) -> Double { Double(use.deepthinkSteps) / Double(max(use.steps, 1)) }
}
