import Control
import Domain

extension Invocation {
    /// The version of what `--json` prints. It grows when a member goes or changes its meaning, and not when one is added.
    static let schemaVersion = 1

    /// One object for machines, or a text for people.
    func write(_ object: some Encodable, orText text: @autoclosure () -> String) {
        if isForMachines { writeObject(object) } else { console.write(text()) }
    }

    /// Some of the rows that an object holds, a line each, for `--jsonl`.
    func writeRows(_ rows: [some Encodable]) { console.write(rows.map { JSONText.text(of: $0) + "\n" }.joined()) }

    /// An object on one line, its version first.
    /// - Precondition: `object` is a JSON object (traps).
    func writeObject(_ object: some Encodable) {
        let text = JSONText.text(of: object)
        guard let members = text.behind("{") else { preconditionFailure("--json prints objects") }
        console.write("{\"schema_version\":\(Self.schemaVersion)\(members == "}" ? "" : ",")\(members)\n")
    }
}
