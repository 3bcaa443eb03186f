import Control
import Domain

extension Command {
    static let queueExport = Command(
        words: ["queue", "export"], summary: "Write queues' settings into a file, all queues' by default",
        arguments: ["[QUEUE]..."],
        options: [
            CommandOption("output", short: "o", "FILE", "write it there, whole or not at all; - is stdout (needed)")
        ],
        examples: ["queue export -o queues.json", "queue export maths rooms -o -"], output: .text
    ) { invocation async throws(CommandError) in
        let path = try invocation.required("output")
        var names: [QueueName] = []
        for argument in invocation.arguments { names.append(try invocation.queue(argument)) }
        let queues = try await Session(invocation).call(ListQueues.self, .init()).queues
        for name in names where !queues.contains(where: { $0.name == name }) {
            throw .control(.notFound(kind: "queue", name: name.text))
        }
        let chosen = queues.filter { names.isEmpty || names.contains($0.name) }
        let text = JSONText.text(of: QueueFile(chosen)) + "\n"
        guard path != "-" else {
            invocation.console.write(text)
            return .ok
        }
        let file = try WholeFile(path: path)
        try file.write(text)
        try file.save()
        invocation.console.complain("\(FileName(path)): \(Phrase.count(chosen.count, "queue"))\n")
        return .ok
    }

    static let queueImport = Command(
        words: ["queue", "import"],
        summary: "Make the queues of an exported file; exit 6 where one is there and differs",
        arguments: ["FILE"],
        options: [
            CommandOption("replace", nil, "give queues that are there the file's settings"),
            CommandOption("dry-run", nil, "change nothing, and say what would be"),
        ],
        examples: ["queue import queues.json --dry-run", "queue import queues.json --replace"], output: .text
    ) { invocation async throws(CommandError) in
        let path = invocation.arguments[0]
        let file = try QueueFile(reading: path, invocation.console)
        let session = try Session(invocation)
        let queues = try await session.call(ListQueues.self, .init()).queues
        let present = Dictionary(queues.map { ($0.name, $0.settings) }) { $1 }
        let differing = file.queues.filter { entry in present[entry.name].map { $0 != entry.settings } ?? false }
        guard differing.isEmpty || invocation.isSet("replace") else {
            throw .control(
                .conflict(
                    what: "other settings than the file's: \(differing.map(\.name.text).joined(separator: ", ")); "
                        + "nothing was changed", remedy: "--replace gives them the file's"))
        }
        let changes = !invocation.isSet("dry-run")
        for entry in file.queues {
            let word: String
            if let settings = present[entry.name] {
                word = settings == entry.settings ? "is as in the file" : changes ? "changed" : "would be changed"
                if changes, settings != entry.settings {
                    _ = try await session.call(
                        SetQueue.self, .init(name: entry.name, changes: QueueChanges(to: entry.settings)))
                }
            } else {
                word = changes ? "created" : "would be created"
                if changes {
                    _ = try await session.call(CreateQueue.self, .init(name: entry.name, settings: entry.settings))
                }
            }
            invocation.console.write("Queue \(entry.name) \(word)\n")
        }
        return .ok
    }
}
