import Domain
import Foundation
import Storage
import Testing

@testable import Daemon

/// A day is granted once, whatever a zone does to its clocks and whoever sets ours.
@Suite(.timeLimit(.minutes(5))) struct Days {
    private static let first: Int64 = 1_577_836_800  // 2020-01-01
    private static let last: Int64 = 2_082_758_400  // 2036-01-01
    private static let directory = "/usr/share/zoneinfo"

    /// The names of the zones that the system has: those of zone1970.tab.
    private static let zones: [String] = {
        do {
            let table = try String(contentsOfFile: "\(directory)/zone1970.tab", encoding: .utf8)
            return ["UTC"]
                + table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                    String($0.split(separator: "\t")[2])
                }
        } catch { fatalError("\(directory)/zone1970.tab: \(error)") }
    }()

    private func instant(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    /// Local time less universal time, in seconds.
    private func offset(_ zone: Zone, _ seconds: Int64) throws -> Int64 {
        let local = try zone.day(at: instant(seconds)).daysSinceEpoch * 86_400
        return local + Int64((try zone.dayFraction(at: instant(seconds)) * 86_400).rounded()) - seconds
    }

    /// The first second of each new offset from 2020 to 2035. No zone changes twice within five days.
    private func transitions(_ zone: Zone) throws -> [Int64] {
        var found: [Int64] = []
        var here = Self.first
        var current = try offset(zone, here)
        while here < Self.last {
            let there = here + 5 * 86_400
            let next = try offset(zone, there)
            if next != current {
                var (before, after) = (here, there)
                while after - before > 1 {
                    let middle = before + (after - before) / 2
                    if try offset(zone, middle) == current { before = middle } else { after = middle }
                }
                found.append(after)
            }
            (here, current) = (there, next)
        }
        return found
    }

    /// In eight parts, to use the machine's cores.
    @Test(arguments: 0..<8)
    func `around every transition of every zone a day begins once and holds what it should`(part: Int) async throws {
        for name in stride(from: part, to: Self.zones.count, by: 8).map({ Self.zones[$0] }) {
            let zone = try Zone(name)
            for transition in try transitions(zone) { try check(zone, around: transition) }
            // Tests beside this one have limits of time.
            await Task.yield()
        }
    }

    private func check(_ zone: Zone, around transition: Int64) throws {
        // Days are never less than their start, and never go backwards in these years.
        var latest = try zone.day(at: instant(transition - 2 * 86_400))
        for seconds in stride(from: transition - 2 * 86_400, through: transition + 2 * 86_400, by: 1_799) {
            let day = try zone.day(at: instant(seconds))
            #expect(day >= latest, "\(zone.name) \(seconds)")
            latest = max(latest, day)
        }
        for seconds in [transition - 86_400, transition - 1, transition, transition + 1, transition + 86_400] {
            let day = try zone.day(at: instant(seconds))
            let begin = try zone.start(of: day)
            let next = try zone.nextDay(after: instant(seconds))
            let tomorrow = DayKey(daysSinceEpoch: day.daysSinceEpoch + 1)
            #expect(begin <= instant(seconds) && instant(seconds) < next, "\(zone.name) \(seconds)")
            #expect(try zone.day(at: begin) == day, "\(zone.name) \(seconds)")
            #expect(try zone.day(at: begin.advanced(byMilliseconds: -1)) < day, "\(zone.name) \(seconds)")
            #expect(try zone.day(at: next) == tomorrow, "\(zone.name) \(seconds)")
            #expect(try zone.day(at: next.advanced(byMilliseconds: -1)) == day, "\(zone.name) \(seconds)")
            #expect(try zone.start(of: tomorrow) == next, "\(zone.name) \(seconds)")
            #expect(try zone.reset(of: day, now: instant(seconds)) == next, "\(zone.name) \(seconds)")
            let hours = Double(next.milliseconds - begin.milliseconds) / 3_600_000
            // Antarctica/Troll has two hours of daylight-saving time, and Casey moved by three hours.
            #expect((21.0...27.0).contains(hours), "\(zone.name) \(seconds): \(hours) h")
        }
    }

    /// Another implementation on the same database: Python's zoneinfo reads the files itself.
    @Test(.enabled(if: getenv("LONDI_TEST_PYTHON") != nil))
    func `Python's zoneinfo has the same days and transitions`() throws {
        let script = """
            import sys, zoneinfo, datetime
            for line in sys.stdin:
                name, seconds = line.split()
                moment = datetime.datetime.fromtimestamp(int(seconds), zoneinfo.ZoneInfo(name))
                print((moment.date() - datetime.date(1970, 1, 1)).days, int(moment.utcoffset().total_seconds()))
            """
        var questions = ""
        var answers: [String] = []
        for name in stride(from: 0, to: Self.zones.count, by: 4).map({ Self.zones[$0] }) {
            let zone = try Zone(name)
            for transition in try transitions(zone) {
                for seconds in [transition - 1, transition] {
                    questions += "\(name) \(seconds)\n"
                    answers.append(
                        "\(try zone.day(at: instant(seconds)).daysSinceEpoch) \(try offset(zone, seconds))")
                }
            }
        }
        let state = try TemporaryState()
        try questions.write(toFile: "\(state.directory)/questions", atomically: false, encoding: .utf8)
        let python = Process()
        python.executableURL = URL(filePath: String(cString: try #require(getenv("LONDI_TEST_PYTHON"))))
        python.arguments = ["-c", script]
        python.standardInput = try FileHandle(forReadingFrom: URL(filePath: "\(state.directory)/questions"))
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        #expect(answers.count > 1_000)
        #expect(text.split(separator: "\n").map(String.init) == answers)
    }

    @Test func `days that never were and midnights that do not exist begin where the zone says`() throws {
        // Samoa had no 2011-12-30: the day after the 29th is the 31st.
        let apia = try Zone("Pacific/Apia")
        let skipped = DayKey(year: 2011, month: 12, day: 30)
        #expect(try apia.start(of: skipped) == instant(1_325_239_200))
        #expect(try apia.day(at: apia.start(of: skipped)).description == "2011-12-31")
        // Kwajalein had no 1993-08-21.
        let kwajalein = try Zone("Pacific/Kwajalein")
        #expect(
            try kwajalein.day(at: kwajalein.start(of: DayKey(year: 1993, month: 8, day: 21))).description
                == "1993-08-22")
        // In Beirut clocks go from 24:00 to 01:00: 2026-03-29 begins at 01:00.
        let beirut = try Zone("Asia/Beirut")
        let begin = try beirut.start(of: DayKey(year: 2026, month: 3, day: 29))
        #expect(begin == instant(1_774_735_200))
        #expect(abs(try beirut.dayFraction(at: begin) - 1.0 / 24) < 1e-9)
    }

    @Test func `a day in force that the clock has not reached ends at its own end`() throws {
        let zone = try Zone("Europe/Berlin")
        // 2026-11-22T23:30:00Z is 00:30 on the 23rd in Berlin.
        let now = instant(1_795_390_200)
        #expect(try zone.reset(of: DayKey(year: 2026, month: 11, day: 23), now: now) == instant(1_795_474_800))
        // The day turned after its budget was read.
        #expect(try zone.reset(of: DayKey(year: 2026, month: 11, day: 22), now: now) == now)
        #expect(
            try zone.reset(of: DayKey(year: 2026, month: 11, day: 30), now: now)
                == instant(1_795_474_800 + 7 * 86_400))
    }

    // MARK: Through the store

    private static let admin = User(uid: 0, name: "root")
    private static let limit: Int64 = 3

    /// A store with one job running in a queue of three DEEPTHINK calls a day.
    private func withStore(
        _ zone: String, at now: Timestamp, _ body: (Store, Claim) async throws -> Void
    ) async throws {
        let state = try TemporaryState()
        let store = try Store(directory: state.directory + "/state", now: now)
        let queue = try QueueName("maths")
        let settings = QueueSettings(limits: BudgetLimits(calls: Self.limit), timeZone: zone)
        try await store.createQueue(queue, settings, by: Self.admin, now: now)
        _ = try await store.submitJob(
            NewJob(specification: "{}"), queue: queue, submitter: Self.admin, now: now)
        let claim = try #require(try await store.claim(now: now)).claim
        try await body(store, claim)
        withExtendedLifetime(state) {}
    }

    /// Whether a step at `now` gets DEEPTHINK, and the day it counts for.
    private func ask(
        _ store: Store, _ claim: Claim, index: Int, zone: Zone, at now: Timestamp
    ) async throws -> (isGranted: Bool, day: DayKey) {
        let start = StepStart(
            claim: claim, index: index, day: try zone.day(at: now), worstCase: Spend(calls: 1), quickModel: "a",
            deepthinkModel: "b", pairKey: "ab", now: now)
        let begun = try await store.beginStep(start) { _, mask in
            .write(Decision(role: mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
        }
        guard case .begun(let step, let decision, let budget) = begun else {
            Issue.record("\(begun)")
            return (false, start.day)
        }
        let generated = Generated(text: "", stopReason: .paragraph)
        #expect(try await store.finishStep(step, claim, generated, now: now) == .settled)
        return (decision.role == .deepthink, budget.day)
    }

    /// Jumps of seconds to 30 days both ways: each day that comes is granted in full, and no day twice.
    @Test(arguments: UInt64(1)...6)
    func `a clock that jumps grants each day once`(seed: UInt64) async throws {
        var random = SeededGenerator(state: seed)
        let name = try #require(Self.zones.randomElement(using: &random))
        let zone = try Zone(name)
        var now = instant(Int64.random(in: Self.first..<Self.last - 400 * 86_400, using: &random))
        try await withStore(name, at: now) { store, claim in
            var granted: [DayKey: Int64] = [:]
            var latest = DayKey(daysSinceEpoch: .min)
            var index = 0
            for _ in 0..<60 {
                latest = max(latest, try zone.day(at: now))
                // More often than the day's limit allows.
                for _ in 0..<Self.limit + 1 {
                    let answer = try await ask(store, claim, index: index, zone: zone, at: now)
                    index += 1
                    #expect(answer.day == latest, "seed \(seed), \(name)")
                    if answer.isGranted { granted[answer.day, default: 0] += 1 }
                }
                let exponent = Double.random(in: 0...1, using: &random)
                let seconds = Int64(pow(30 * 86_400, exponent))
                now = now.advanced(byMilliseconds: Bool.random(using: &random) ? seconds * 1000 : -seconds * 1000)
            }
            for (day, count) in granted { #expect(count == Self.limit, "\(day), seed \(seed), \(name)") }
            #expect(granted[latest] == Self.limit)
        }
    }

    /// LiteLLM's daily reset came hours late for users away from UTC.
    @Test(arguments: ["Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles", "Asia/Beirut"])
    func `a budget is new at the queue's midnight and not a millisecond later`(name: String) async throws {
        let zone = try Zone(name)
        var midnight = try zone.start(of: DayKey(year: 2026, month: 3, day: 27))
        try await withStore(name, at: midnight) { store, claim in
            var index = 0
            // Over a change of the clocks in some of them.
            for _ in 1...4 {
                for turn in 0...Self.limit {
                    let now =
                        turn == Self.limit ? try zone.nextDay(after: midnight).advanced(byMilliseconds: -1) : midnight
                    let answer = try await ask(store, claim, index: index, zone: zone, at: now)
                    #expect(answer.isGranted == (turn < Self.limit), "\(name), turn \(turn)")
                    index += 1
                }
                midnight = try zone.nextDay(after: midnight)
            }
        }
    }

    /// LiteLLM's day began with the first request and so moved on each day.
    @Test func `a day is not anchored to its first request`() async throws {
        let zone = try Zone("Europe/Berlin")
        let midnight = try zone.start(of: DayKey(year: 2026, month: 11, day: 24))
        let evening = midnight.advanced(byMilliseconds: -3_600_000)
        try await withStore(zone.name, at: evening) { store, claim in
            var answers: [Bool] = []
            for (index, now) in [evening, evening, evening, evening, midnight].enumerated() {
                let answer = try await ask(store, claim, index: index, zone: zone, at: now)
                answers.append(answer.isGranted)
            }
            #expect(answers == [true, true, true, false, true])
        }
    }
}

/// A small generator with a seed.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
