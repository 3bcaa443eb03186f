internal import Domain
internal import SQLite

/// The current row of a running statement, with the stored values as the domain's types.
struct Row {
    let statement: Statement
    let path: String

    func integer(_ column: String) throws(StorageError) -> Int64 { try some(column, optionalInteger(column)) }
    func real(_ column: String) throws(StorageError) -> Double { try some(column, optionalReal(column)) }
    func text(_ column: String) throws(StorageError) -> String { try some(column, optionalText(column)) }
    func timestamp(_ column: String) throws(StorageError) -> Timestamp {
        Timestamp(milliseconds: try integer(column))
    }
    func day(_ column: String) throws(StorageError) -> DayKey { DayKey(daysSinceEpoch: try integer(column)) }
    func count(_ column: String) throws(StorageError) -> Int { Int(try integer(column)) }

    func optionalInteger(_ column: String) throws(StorageError) -> Int64? {
        switch statement.value(column) {
        case .null: return nil
        case .integer(let number): return number
        case let other: throw bad(column, other)
        }
    }

    func optionalReal(_ column: String) throws(StorageError) -> Double? {
        switch statement.value(column) {
        case .null: return nil
        case .real(let number): return number
        case .integer(let number): return Double(number)
        case let other: throw bad(column, other)
        }
    }

    func optionalText(_ column: String) throws(StorageError) -> String? {
        switch statement.value(column) {
        case .null: return nil
        case .text(let text): return text
        case let other: throw bad(column, other)
        }
    }

    func optionalTimestamp(_ column: String) throws(StorageError) -> Timestamp? {
        try optionalInteger(column).map(Timestamp.init(milliseconds:))
    }

    func flag(_ column: String) throws(StorageError) -> Bool {
        let number = try integer(column)
        guard (0...1).contains(number) else { throw bad(column, .integer(number)) }
        return number == 1
    }

    func optionalFlag(_ column: String) throws(StorageError) -> Bool? {
        try optionalInteger(column) == nil ? nil : try flag(column)
    }

    func blob(_ column: String) throws(StorageError) -> [UInt8] {
        guard case .blob(let bytes) = statement.value(column) else { throw bad(column, statement.value(column)) }
        return bytes
    }

    func optionalBlob(_ column: String) throws(StorageError) -> [UInt8]? {
        if case .null = statement.value(column) { return nil }
        return try blob(column)
    }

    /// One of the words of a closed list.
    func word<Word: RawRepresentable<String>>(_ column: String) throws(StorageError) -> Word {
        let text = try text(column)
        guard let word = Word(rawValue: text) else { throw bad(column, .text(text)) }
        return word
    }

    func optionalWord<Word: RawRepresentable<String>>(_ column: String) throws(StorageError) -> Word? {
        guard let text = try optionalText(column) else { return nil }
        guard let word = Word(rawValue: text) else { throw bad(column, .text(text)) }
        return word
    }

    func queueName(_ column: String = "queue") throws(StorageError) -> QueueName {
        let text = try text(column)
        do throws(QueueNameError) { return try QueueName(text) } catch { throw bad(column, .text(text)) }
    }

    func uid(_ column: String) throws(StorageError) -> UInt32 {
        let number = try integer(column)
        guard let uid = UInt32(exactly: number) else { throw bad(column, .integer(number)) }
        return uid
    }

    private func some<Content>(_ column: String, _ value: Content?) throws(StorageError) -> Content {
        guard let value else { throw bad(column, .null) }
        return value
    }

    private func bad(_ column: String, _ value: Value) -> StorageError {
        let shown =
            switch value {
            case .null: "nothing"
            case .integer(let number): "\(number)"
            case .real(let number): "\(number)"
            case .text(let text): "'\(text)'"
            case .blob(let bytes): "\(bytes.count) bytes"
            }
        return .badValue(path: path, column: column, value: shown)
    }
}
