internal import Domain

/// Brings a database to the schema of this binary: forward only, each migration in a transaction of its own.
struct Migrator {
    let migrations: [Migration]
    let directory: StateDirectory

    /// Checks what was applied before, and applies the rest. Before an existing database changes, a copy is made beside
    /// it: `state.sqlite.before-NAME`.
    /// - Parameter isBackedUp: the database is a copy itself.
    /// - Throws: `.newerSchema`, `.changedMigration`, `.corrupt` for a file that is not londid's.
    func migrate(_ database: Database, now: Timestamp, isBackedUp: Bool = false) throws(StorageError) {
        let applied = try Migrator.applied(database)
        for (index, found) in applied.enumerated() {
            guard index < migrations.count else {
                throw .newerSchema(path: database.path, found: found.name, known: migrations.last?.name ?? "none")
            }
            guard found.name == migrations[index].name, found.sha256 == migrations[index].sha256 else {
                throw .changedMigration(path: database.path, name: found.name)
            }
        }
        let rest = migrations.dropFirst(applied.count)
        if let next = rest.first, !applied.isEmpty, !isBackedUp { try backUp(database, before: next) }
        for migration in rest {
            try database.transaction { () throws(StorageError) in
                try database.execute(migration.sql)
                if migration.name == EventSeal.migration {
                    try EventSeal.sealOld(in: database, by: .londid, now: now)
                }
                try database.run(
                    "INSERT INTO migration (name, sha256, applied_at_ms) VALUES (?, ?, ?)", migration.name,
                    migration.sha256, now.milliseconds)
            }
        }
    }

    static func applied(_ database: Database) throws(StorageError) -> [(name: String, sha256: String)] {
        let tables = try database.all("SELECT name FROM sqlite_schema WHERE type = 'table'") {
            (row: Row) throws(StorageError) in try row.text("name")
        }
        if tables.isEmpty { return [] }
        guard tables.contains("migration") else {
            throw .corrupt(path: database.path, reason: "its tables are not londid's: it has \(tables[0])")
        }
        return try database.all("SELECT name, sha256 FROM migration ORDER BY rowid") {
            (row: Row) throws(StorageError) in (try row.text("name"), try row.text("sha256"))
        }
    }

    private func backUp(_ database: Database, before migration: Migration) throws(StorageError) {
        let path = "\(database.path).before-\(migration.name)"
        // An earlier start got this far and no further: its copy is as good.
        if StateDirectory.exists(path) { return }
        let partial = path + ".partial"
        try StateDirectory.createPrivateFile(partial, replacing: true)
        try database.run("VACUUM INTO ?", partial)
        try directory.rename(partial, to: path)
    }
}
