/// What is wrong with londid.conf or one of its drop-ins: where, what, and what to do. Several may be reported at once.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package struct Problem: Equatable, Sendable, CustomStringConvertible {
        package var file: String
        /// Counted from 1; nil where the whole file, or something that is not in it, is at fault.
        package var line: Int?
        package var message: String

        package var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
    }

    package var problems: [Problem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
