import Domain
import Foundation
import Testing

@testable import Daemon

/// A budget's day is the queue's calendar day: time zones vanish silently on Linux, so each fact is checked.
@Suite struct Zones {
    private func instant(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    @Test func `an unknown zone is an error and never UTC`() {
        for name in ["Europe/Nowhere", "", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\u{0}x", "posixrules.x"]
        {
            #expect(throws: ZoneError(name: name)) { try Zone(name) }
        }
    }

    @Test func `midnight in Berlin is not midnight in UTC`() throws {
        // 2026-11-22T23:30:00Z
        let late = instant(1_795_390_200)
        #expect(try Zone("UTC").day(at: late).description == "2026-11-22")
        #expect(try Zone("Europe/Berlin").day(at: late).description == "2026-11-23")
        #expect(try Zone("Europe/Berlin").nextDay(after: late) == instant(1_795_474_800))
        #expect(abs(try Zone("Europe/Berlin").dayFraction(at: late) - 0.5 / 24) < 1e-9)
    }

    @Test func `daylight-saving days have 23 and 25 hours`() throws {
        let zone = try Zone("Europe/Berlin")
        // Midnight of 2026-03-29 and of 2026-10-25 in Berlin.
        for (start, hours) in [(1_774_738_800, 23), (1_792_879_200, 25)] as [(Int64, Int64)] {
            #expect(try zone.nextDay(after: instant(start - 1)) == instant(start))
            #expect(try zone.nextDay(after: instant(start)) == instant(start + hours * 3600))
        }
    }

    @Test func `a day that a zone skipped is passed over`() throws {
        // Samoa left out 2011-12-30 when it crossed the date line.
        let zone = try Zone("Pacific/Apia")
        let before = instant(1_325_100_000)
        #expect(try zone.day(at: before).description == "2011-12-28")
        let next = try zone.nextDay(after: before)
        #expect(try zone.day(at: next).description == "2011-12-29")
        #expect(try zone.day(at: zone.nextDay(after: next)).description == "2011-12-31")
    }

    @Test func `instants before 1970 and between seconds have their day`() throws {
        #expect(try Zone("UTC").day(at: Timestamp(milliseconds: -1)).description == "1969-12-31")
        #expect(try Zone("UTC").day(at: Timestamp(milliseconds: 86_399_999)).description == "1970-01-01")
    }

    /// The zone is a variable of the whole process: threads that ask for different zones must not see each other's.
    @Test func `many threads may ask for different zones at once`() async throws {
        let names = ["UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"]
        let expected = try names.map { try Zone($0).day(at: instant(1_795_390_200)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for turn in 0..<500 {
                        let index = (worker + turn) % names.count
                        let day = try Zone(names[index]).day(at: Timestamp(milliseconds: 1_795_390_200_000))
                        #expect(day == expected[index])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// An update of tzdata puts another file in a zone's place, and a londid that has read the old one must not keep to it.
    @Test func `a zone's file that is replaced is read anew`() throws {
        let (system, place) = ("/usr/share/zoneinfo", try TemporaryState())
        // Other tests ask for zones meanwhile, so this database has all others of the system's too.
        for name in try FileManager.default.contentsOfDirectory(atPath: system) {
            try #require(symlink("\(system)/\(name)", "\(place.directory)/\(name)") == 0)
        }
        let path = "\(place.directory)/Replaced"
        func put(_ zone: String) throws {
            try Data(contentsOf: URL(filePath: "\(system)/\(zone)")).write(to: URL(filePath: path), options: [])
        }
        setenv("TZDIR", place.directory, 1)
        defer { unsetenv("TZDIR") }
        // 2026-11-22T23:30:00Z
        let late = instant(1_795_390_200)
        try put("Europe/London")
        let zone = try Zone("Replaced")
        #expect(try zone.day(at: late).description == "2026-11-22")
        // In place, and then by another file under the same name, as dpkg does it.
        try put("Asia/Tokyo")
        #expect(try zone.day(at: late).description == "2026-11-23")
        #expect(unlink(path) == 0)
        try put("America/New_York")
        #expect(try zone.day(at: late).description == "2026-11-22")
        #expect(abs(try zone.dayFraction(at: late) - 18.5 / 24) < 1e-9)
    }
}
