internal import Hashing
internal import Migrations

/// One step of the schema's history. An applied migration never changes; the next change is the next migration.
package struct Migration: Sendable {
    package let name: String
    package let sql: String
    /// Lower-case hexadecimal.
    var sha256: String { hexadecimal(SHA256.digest(of: sql)) }

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// The migrations compiled into this binary, oldest first.
    package static let compiledIn = Migrations.all.map {
        Migration(name: $0.name, sql: String(decoding: $0.sql, as: UTF8.self))
    }
}
