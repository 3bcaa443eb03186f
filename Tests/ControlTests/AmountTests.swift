import Control
import Domain
import Testing

/// Budgets are typed by hand: a misread amount spends somebody's money.
@Suite struct `Amounts` {
    @Test(
        arguments: [
            ("30/day", 30), ("30", 30), ("0/day", 0), ("20k/day", 20_000), ("1.5k", 1500), ("2M/day", 2_000_000),
            ("none", nil),
        ] as [(String, Int64?)])
    func `a day are read in whole units`(text: String, amount: Int64?) throws {
        #expect(try Amount.perDay(text, argument: "--deepthink-calls") == amount)
    }

    @Test(arguments: [
        "", "-1", "1.5", "30/hour", "1e3", "inf", "0x10", "30 /day", "k", "1.k/day", "1.", ".5k", ".",
        "99999999999999999999",
    ])
    func `that mean nothing are refused`(text: String) {
        #expect(
            throws: ControlError.invalidArgument(
                argument: "--deepthink-calls", value: text, remedy: "use 30/day, 20k/day or none")
        ) { try Amount.perDay(text, argument: "--deepthink-calls") }
    }

    @Test func `of seconds become milliseconds`() throws {
        #expect(try Amount.secondsPerDay("600/day", argument: "x") == 600_000)
        #expect(try Amount.secondsPerDay("0.1", argument: "x") == 100)
        #expect(throws: ControlError.self) { try Amount.secondsPerDay("0.0001", argument: "x") }
    }

    @Test(
        arguments: [
            ("90", 90_000), ("90s", 90_000), ("250ms", 250), ("10m", 600_000), ("1.5h", 5_400_000), ("1d", 86_400_000),
        ] as [(String, Int64)])
    func `of time are read`(text: String, milliseconds: Int64) throws {
        #expect(try Amount.milliseconds(text, argument: "--timeout") == milliseconds)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:59:59.5Z", -500),
            ("2000-02-29T12:00:00.25z", 951_825_600_250), ("2026-11-23 10:00:00-05:30", 1_795_447_800_000),
        ] as [(String, Int64)])
    func `of time are read as instants`(text: String, milliseconds: Int64) throws {
        #expect(try RFC3339.parse(text, argument: "t") == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "2026-11-23", "2026-11-23T10:00:00", "2026-02-30T10:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T10:00:00+1:00",
        "2026-11-23T10:00:00.Z", "x",
    ])
    func `of time that name no instant are refused`(text: String) {
        #expect(throws: ControlError.self) { try RFC3339.parse(text, argument: "t") }
    }

    @Test(arguments: [0, -1000, 1_795_428_000_000, -62_135_596_800_000] as [Int64])
    func `of time are written as they are read`(milliseconds: Int64) throws {
        let instant = Timestamp(milliseconds: milliseconds)
        #expect(try RFC3339.parse(RFC3339.text(of: instant), argument: "t") == instant)
    }
}

/// A setting out of range must never reach the database, from whichever client.
@Suite struct `Queue settings` {
    @Test func `change only where the changes say so`() throws {
        let before = QueueSettings(limits: BudgetLimits(calls: 30, tokens: 1000), timeZone: "Europe/Berlin")
        let changes = QueueChanges(deepthinkCalls: 50, removeLimits: [.tokens], onBudget: .hold, cost: 0.1)
        let after = try changes.applied(to: before)
        var expected = before
        expected.limits = BudgetLimits(calls: 50)
        expected.onBudget = .hold
        expected.switcher.cost = 0.1
        #expect(after == expected)
        #expect(try QueueChanges().applied(to: before) == before)
    }

    @Test(arguments: [
        QueueChanges(deepthinkCalls: -1), QueueChanges(deepthinkTokens: .max), QueueChanges(timeZone: ""),
        QueueChanges(cost: -0.1), QueueChanges(cost: .nan), QueueChanges(switcherKind: .random, parameter: 1.5),
        QueueChanges(switcherKind: .threshold, parameter: 0.5), QueueChanges(explorationRate: 2),
        QueueChanges(explorationShare: -1), QueueChanges(maxSteps: 0), QueueChanges(stepTokens: 0),
        QueueChanges(maxAttempts: 0), QueueChanges(deepthinkCallsPerJob: -1),
        QueueChanges(deepthinkCallsPerJob: 10_001),
    ])
    func `out of range are refused`(changes: QueueChanges) {
        #expect(throws: ControlError.self) { try changes.applied(to: QueueSettings()) }
    }
}
