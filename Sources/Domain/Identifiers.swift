/// A job's number: given once, at submission, never reused. Shown and typed as plain digits, `42`; in JSON a number.
package struct JobID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    /// Reads what `description` writes; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        guard let number = Int64(text), number > 0 else { return nil }
        self.number = number
    }

    package init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }

    package static func < (left: JobID, right: JobID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}

/// A batch's number: one accepted file or one `submit` call. Shown and typed as `b7`; in JSON a string.
package struct BatchID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    /// Reads what `description` writes; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        guard let digits = Substring(text).behind("b"), let number = Int64(digits), number > 0 else { return nil }
        self.number = number
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let batch = BatchID(parsing: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no batch id such as b7")
        }
        self = batch
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: BatchID, right: BatchID) -> Bool { left.number < right.number }
    package var description: String { "b\(number)" }
}

/// The number of one start of londid on a state directory. Every change of a job's state names the epoch that makes it,
/// so that nothing an earlier process began can change what a later one owns.
package struct Epoch: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }
    package static func < (left: Epoch, right: Epoch) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}

/// The name of a queue: 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
package struct QueueName: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(QueueNameError) {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard allowed, (1...64).contains(text.utf8.count), let first = text.utf8.first,
            ![UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(first)
        else { throw QueueNameError(text: text) }
        self.text = text
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package static func < (left: QueueName, right: QueueName) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A text that cannot name a queue.
package struct QueueNameError: Error, Equatable, CustomStringConvertible {
    package let text: String

    package var description: String {
        "'\(text)' cannot name a queue: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit"
    }
}
