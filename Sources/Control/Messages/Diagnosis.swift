/// One thing that was looked at, and how it is.
package struct Finding: Hashable, Codable, Sendable {
    package enum Level: String, Codable, Sendable, CaseIterable {
        case ok
        /// It works, and may not for long or not as well as it could.
        case warning
        case problem
    }

    /// What was looked at: version, londid, configuration, quick, deepthink, encoder, state, disk, log, permissions, groups, clock, kernel.
    package var subject: String
    package var level: Level
    package var detail: String
    /// What to do; null where nothing needs to be done.
    package var remedy: String?

    package init(_ subject: String, _ level: Level, _ detail: String, remedy: String? = nil) {
        self.subject = subject
        self.level = level
        self.detail = detail
        self.remedy = remedy
    }
}

/// Looks at everything that londid needs.
package enum Diagnose: ControlMethod {
    package static let name = "io.londi.Diagnose"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var findings: [Finding]

        package init(findings: [Finding]) {
            self.findings = findings
        }
    }
}

/// How many rows a table has.
package struct TableRows: Hashable, Codable, Sendable {
    package var table: String
    package var rows: Int64

    package init(table: String, rows: Int64) {
        self.table = table
        self.rows = rows
    }
}

/// What the state is made of.
package enum DescribeState: ControlMethod {
    package static let name = "io.londi.DescribeState"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var directory: String
        /// How often londid has started on it.
        package var epoch: Int64
        /// The newest migration.
        package var schema: String
        package var sqliteVersion: String
        /// In bytes; freeSize of them have room for new rows.
        package var size: Int64
        package var freeSize: Int64
        /// Of the write-ahead log, in bytes.
        package var logSize: Int64
        package var tables: [TableRows]

        package init(
            directory: String, epoch: Int64, schema: String, sqliteVersion: String, size: Int64, freeSize: Int64,
            logSize: Int64, tables: [TableRows]
        ) {
            self.directory = directory
            self.epoch = epoch
            self.schema = schema
            self.sqliteVersion = sqliteVersion
            self.size = size
            self.freeSize = freeSize
            self.logSize = logSize
            self.tables = tables
        }
    }
}
