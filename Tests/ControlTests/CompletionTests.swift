import Testing

@testable import londictl

/// What the shells offer.
@Suite struct CompletionTests {
    private static func offered(_ line: String...) -> [String] {
        Completion(line, table: CommandTable.all).lines([]).map { String($0.prefix { $0 != "\t" }) }
    }

    private static func source(_ line: String...) -> Completion.Source {
        Completion(line, table: CommandTable.all).source
    }

    @Test func `a command is offered word by word`() {
        #expect(Self.offered("que") == ["queue"])
        #expect(Self.offered("queue", "p") == ["pause"])
        #expect(Self.offered("help", "policy", "fr") == ["freeze"])
        #expect(Self.offered("--json", "sp") == ["spend"])
        #expect(Set(CommandTable.all.map { $0.words[0] }).isSubset(of: Self.offered("")))
    }

    @Test func `options are offered that the line does not have yet`() {
        #expect(Self.offered("queue", "set", "maths", "--on") == ["--on-budget"])
        #expect(Self.offered("queue", "set", "maths", "--on-budget", "hold", "--on").isEmpty)
        #expect(Self.offered("list", "--no") == ["--no-header"])
        #expect(Self.offered("queue", "set", "maths", "--no").isEmpty, "it prints no table")
        #expect(Self.offered("show", "--", "--j").isEmpty, "no options follow --")
    }

    @Test func `an option's values are offered, in a list those that it does not hold yet`() {
        #expect(Self.offered("queue", "set", "maths", "--on-budget", "") == ["quick", "hold", "fail"])
        #expect(Self.offered("queue", "set", "maths", "--on-budget=ho") == ["--on-budget=hold"])
        #expect(Self.offered("list", "-s", "pending,c") == ["pending,completed", "pending,cancelled"])
        #expect(Self.offered("spend", "--by", "queue,") == ["queue,day", "queue,user", "queue,model", "queue,batch"])
        #expect(Self.offered("completion", "") == ["bash", "zsh", "fish"])
    }

    @Test func `what the daemon or the file system knows is asked of them`() {
        #expect(Self.source("queue", "set", "") == .queues)
        #expect(Self.source("queue", "set", "maths", "") == .nothing, "it takes one queue")
        #expect(Self.source("list", "-q", "") == .queues)
        #expect(Self.source("explain", "4") == .jobs)
        #expect(Self.source("retry", "1", "2", "") == .jobsOrBatches)
        #expect(Self.source("results", "") == .batches)
        #expect(Self.offered("policy", "export", "maths", "") == [":files"])
        #expect(Self.offered("--socket", "") == [":files"])
    }

    @Test func `queues, jobs and batches come from the daemon, and nothing where it is away`() async throws {
        try await withServer(StubDaemon().table) { path in
            #expect(await Printed.by(["complete", "--", "queue", "set", "m"], path: path).output == "maths\t\n")
            let jobs = await Printed.by(["complete", "--", "explain", "4"], path: path)
            #expect(jobs.output.contains("42\tcompleted in maths p-1\n"), "\(jobs.output)")
            let both = await Printed.by(["complete", "--", "show", ""], path: path)
            #expect(both.output.hasPrefix("b7\tready in maths: p.jsonl\n"), "\(both.output)")
        }
        let away = await Printed.by(["complete", "--", "queue", "set", "m"])
        #expect(away.exit == .ok && away.output.isEmpty && away.messages.isEmpty)
    }

    @Test func `an unknown shell is refused by name`() async {
        let printed = await Printed.by(["completion", "tcsh"])
        #expect(printed.exit == .usage)
        #expect(printed.messages == "londictl: 'tcsh' is none of bash, zsh, fish\n")
    }
}
