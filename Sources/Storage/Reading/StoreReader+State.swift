internal import SQLite

/// What the state is made of.
package struct StateDescription: Sendable {
    package let sqliteVersion: String
    /// The newest migration.
    package let schema: String
    /// In bytes: all pages, and those that are free for new rows.
    package let size: Int64
    package let freeSize: Int64
    /// By the names of the tables.
    package let rows: [(table: String, count: Int64)]
}

extension StoreReader {
    /// Counts every row, so it takes its time where there are many.
    package func describeState() throws(StorageError) -> StateDescription {
        try database.snapshot { () throws(StorageError) in
            let page = try database.count("SELECT page_size AS n FROM pragma_page_size")
            let pages = try database.count("SELECT page_count AS n FROM pragma_page_count")
            let free = try database.count("SELECT freelist_count AS n FROM pragma_freelist_count")
            let schema = try database.first("SELECT name FROM migration ORDER BY name DESC LIMIT 1") {
                (row: Row) throws(StorageError) in try row.text("name")
            }
            let version = try database.first("SELECT sqlite_version() AS version") {
                (row: Row) throws(StorageError) in try row.text("version")
            }
            let tables = try database.all(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ) { (row: Row) throws(StorageError) in try row.text("name") }
            var rows: [(table: String, count: Int64)] = []
            for table in tables { rows.append((table, try database.count("SELECT count(*) AS n FROM \"\(table)\""))) }
            return StateDescription(
                sqliteVersion: version ?? "", schema: schema ?? "", size: Int64(page) * Int64(pages),
                freeSize: Int64(page) * Int64(free), rows: rows)
        }
    }
}
