import Control

extension Command {
    static let databaseInfo = Command(
        words: ["db", "info"], summary: "Show what londid's state is made of: files, schema, rows of each table",
        examples: ["db info", "db info --json"]
    ) { invocation async throws(CommandError) in
        let state = try await Session(invocation).call(DescribeState.self, .init())
        let width = state.tables.map(\.table.count).max() ?? 0
        let tables = state.tables.map { table in
            "  \(table.table)\(String(repeating: " ", count: width - table.table.count))  \(table.rows)\n"
        }
        let text = """
            \(state.directory)/state.sqlite: \(state.size) bytes, \(state.freeSize) of them free for new rows
            write-ahead log: \(state.logSize) bytes
            schema \(state.schema), SQLite \(state.sqliteVersion), epoch \(state.epoch)
            rows:
            \(tables.joined())
            """
        invocation.write(state, orText: text)
        return .ok
    }
}
