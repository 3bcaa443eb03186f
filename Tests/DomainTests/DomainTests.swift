import Testing

@testable import Domain

/// Names and ids reach Londi from people's keyboards, so what is accepted is fixed here.
@Suite struct Names {
    @Test(arguments: ["maths", "a", "0", "team-1.nightly_run", String(repeating: "q", count: 64)])
    func `a queue's name is letters, digits and three signs`(text: String) throws {
        #expect(try QueueName(text).text == text)
    }

    @Test(arguments: ["", "Maths", "-a", ".a", "_a", "a b", "a/b", "ä", String(repeating: "q", count: 65)])
    func `any other text is refused and named`(text: String) {
        #expect(throws: QueueNameError(text: text)) { try QueueName(text) }
    }

    @Test func `ids read what they write and nothing else`() {
        #expect(JobID(parsing: JobID(42).description) == JobID(42))
        #expect(BatchID(parsing: BatchID(7).description) == BatchID(7))
        for text in ["", "0", "-1", "b", "b0", "x7", "7x", "b-7"] { #expect(BatchID(parsing: text) == nil) }
        for text in ["", "0", "-1", "b7", "4 2"] { #expect(JobID(parsing: text) == nil) }
    }
}

/// Day keys are what budgets hang on: they must be right for every day, not only for this century's.
@Suite struct DayKeys {
    @Test func `every day from 1600 to 2400 reads what it writes, in order`() {
        var day = DayKey(year: 1600, month: 1, day: 1)
        let end = DayKey(year: 2400, month: 12, day: 31)
        var previous = ""
        while day <= end {
            let text = day.description
            #expect(DayKey(parsing: text) == day)
            #expect(previous < text)
            previous = text
            day = DayKey(daysSinceEpoch: day.daysSinceEpoch + 1)
        }
    }

    @Test func `the epoch and a leap day are where they belong`() {
        #expect(DayKey(daysSinceEpoch: 0).description == "1970-01-01")
        #expect(DayKey(year: 2024, month: 2, day: 29).daysSinceEpoch == 19_782)
    }

    @Test(arguments: ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-00-10", "2026-04-31", "", "yesterday"])
    func `a day that does not exist is nil`(text: String) {
        #expect(DayKey(parsing: text) == nil)
    }
}

/// The mask is what keeps a budget: each unit, alone and together, at the boundary.
@Suite struct Budgets {
    private static let day = DayKey(daysSinceEpoch: 20_000)

    @Test func `what fits exactly is not masked and one unit more is`() {
        var budget = BudgetDay(day: Self.day, limits: BudgetLimits(calls: 10, tokens: 1000, gpuMilliseconds: 5000))
        budget.spent = Spend(calls: 8, tokens: 500, gpuMilliseconds: 2000)
        budget.reserved = Spend(calls: 1, tokens: 100, gpuMilliseconds: 1000)
        #expect(budget.mask(for: Spend(calls: 1, tokens: 400, gpuMilliseconds: 2000)) == nil)
        #expect(budget.mask(for: Spend(calls: 2, tokens: 400, gpuMilliseconds: 2000)) == .calls)
        #expect(budget.mask(for: Spend(calls: 1, tokens: 401, gpuMilliseconds: 2000)) == .tokens)
        #expect(budget.mask(for: Spend(calls: 1, tokens: 400, gpuMilliseconds: 2001)) == .gpuTime)
    }

    @Test func `no limit masks nothing and a limit of zero masks everything`() {
        let huge = Spend(calls: 1, tokens: .max / 4, gpuMilliseconds: .max / 4)
        #expect(BudgetDay(day: Self.day, limits: BudgetLimits()).mask(for: huge) == nil)
        #expect(BudgetDay(day: Self.day, limits: BudgetLimits(calls: 0)).mask(for: Spend(calls: 1)) == .calls)
    }

    @Test func `the remaining share is that of the scarcest unit`() {
        var budget = BudgetDay(day: Self.day, limits: BudgetLimits(calls: 10, tokens: 1000))
        budget.spent = Spend(calls: 2, tokens: 900)
        #expect(abs(budget.remainingShare - 0.1) < 1e-12)
        budget.limits = BudgetLimits()
        #expect(budget.remainingShare == 1)
    }

    @Test func `exploration stops at its share of the day's calls`() {
        var budget = BudgetDay(day: Self.day, limits: BudgetLimits(calls: 30))
        budget.exploration.calls = 1
        #expect(budget.allowsExploration(share: 0.05))
        budget.exploration.calls = 2
        #expect(!budget.allowsExploration(share: 0.05))
        budget.exploration.calls = 0
        #expect(!budget.allowsExploration(share: 0))
    }

    /// A queue may have limits in other units alone.
    @Test func `exploration stops at its share of every limit`() {
        var budget = BudgetDay(day: Self.day, limits: BudgetLimits(tokens: 10_000, gpuMilliseconds: 60_000))
        budget.exploration = Spend(calls: 90, tokens: 499, gpuMilliseconds: 2_999)
        #expect(budget.allowsExploration(share: 0.05))
        budget.exploration.tokens = 500
        #expect(!budget.allowsExploration(share: 0.05))
        budget.exploration = Spend(calls: 1, tokens: 0, gpuMilliseconds: 3_000)
        #expect(!budget.allowsExploration(share: 0.05))
        budget.limits = BudgetLimits()
        #expect(budget.allowsExploration(share: 0.05))
    }
}

/// Quantiles of log-probabilities are the Switcher's view of how sure QUICK was.
@Suite struct TokenLogProbabilities {
    @Test func `quartile, median, minimum and mean of a known list`() {
        let quantiles = LogProbabilities(of: [-1, -5, -2, -4, -3])
        #expect(quantiles == LogProbabilities(minimum: -5, lowerQuartile: -4, median: -3, mean: -3))
    }

    @Test func `no tokens give none`() {
        #expect(LogProbabilities(of: []) == nil)
    }
}
