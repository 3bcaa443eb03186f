import Control
import Domain

extension Command {
    static let completion = Command(
        words: ["completion"], summary: "Print the script by which a shell completes londictl's lines",
        arguments: ["SHELL"], choices: Shell.words,
        examples: ["completion bash", "completion fish"], output: .text
    ) { invocation async throws(CommandError) in
        guard let shell = Shell(rawValue: invocation.arguments[0]) else {
            throw .usage("'\(invocation.arguments[0])' is none of \(Shell.words.joined(separator: ", "))")
        }
        invocation.console.write(shell.script)
        return .ok
    }

    /// What the scripts ask. Says nothing rather than complain: the person is in the middle of a line.
    static let complete = Command(
        words: ["complete"], summary: "Print what may stand at the end of a line, for the shells' scripts",
        arguments: ["[WORD]..."], examples: ["complete -- queue set ma"], output: .text
    ) { invocation async throws(CommandError) in
        let completion = Completion(invocation.arguments, table: CommandTable.all)
        var known: [Completion.Candidate] = []
        do { known = try await DaemonWords(invocation).candidates(completion.source) } catch {
            // The daemon is away or does not let this user see: the table's words are offered all the same.
        }
        invocation.console.write(completion.lines(known).map { "\($0)\n" }.joined())
        return .ok
    }
}

/// What the daemon knows that may stand in a line.
private struct DaemonWords {
    /// Newest first: who wants an older one types it.
    private static let most = 50
    private let session: Session
    private let patience: Duration

    init(_ invocation: Invocation) throws(CommandError) {
        session = try Session(invocation)
        patience = invocation.console.patience
    }

    func candidates(_ source: Completion.Source) async throws -> [Completion.Candidate] {
        try await withThrowingTaskGroup { group in
            group.addTask { try await all(source) }
            group.addTask {
                try await Task.sleep(for: patience)
                return []
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private func all(_ source: Completion.Source) async throws -> [Completion.Candidate] {
        switch source {
        case .nothing, .files: []
        case .queues: try await queues()
        case .jobs: try await jobs()
        case .batches: try await batches()
        case .jobsOrBatches: try await batches() + jobs()
        }
    }

    private func queues() async throws -> [Completion.Candidate] {
        try await session.call(ListQueues.self, .init()).queues.map { .init(word: $0.name.text) }
    }

    private func batches() async throws -> [Completion.Candidate] {
        try await session.call(ListBatches.self, .init(limit: Self.most)).batches.map {
            .init(word: $0.batch.description, summary: "\($0.state.rawValue) in \($0.queue): \($0.fileName ?? "")")
        }
    }

    private func jobs() async throws -> [Completion.Candidate] {
        var jobs: [Completion.Candidate] = []
        try await session.stream(ListJobs.self, .init(limit: Self.most)) { reply in
            jobs += reply.jobs.map {
                .init(word: $0.job.description, summary: "\($0.state.rawValue) in \($0.queue) \($0.customID ?? "")")
            }
        }
        return jobs
    }
}
