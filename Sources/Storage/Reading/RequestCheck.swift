/// Looks at what each job asks for: bytes that changed on the disk or by somebody's hand would be answered, or hold up the
/// results of a whole batch.
struct RequestCheck {
    private(set) var differences: [BookDifference] = []

    mutating func verify(_ database: Database) throws(StorageError) {
        try database.each(
            """
            SELECT job.id, payload.job IS NULL AS is_missing, coalesce(specification, '') AS specification,
                specification_sha256, specification_sha256 IS NOT NULL OR json_valid(specification) AS is_readable
            FROM job LEFT JOIN payload ON payload.job = job.id ORDER BY job.id
            """, []
        ) { (row: Row) throws(StorageError) in
            let name = "request of job \(try row.integer("id"))"
            if try row.flag("is_missing") {
                report(name, expected: "one", found: "none")
            } else if try !StoredRequest.read(row).isSound {
                report(name, expected: "the bytes that were submitted", found: "others")
            } else if try !row.flag("is_readable") {
                report(name, expected: "JSON", found: "something else")
            }
            return differences.count < StoreReader.mostDifferencesPerCheck
        }
    }

    private mutating func report(_ subject: String, expected: String, found: String) {
        differences.append(BookDifference(check: .requests, subject: subject, expected: expected, found: found))
    }
}
