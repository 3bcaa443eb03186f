/// The migrations, oldest first: their names and their SQL, compiled into the binary.
package enum Migrations {
    package static let all: [(name: String, sql: [UInt8])] = [
        ("0001_initial", PackageResources._001_initial_sql),
        ("0005_ledger", PackageResources._005_ledger_sql),
    ]
}
