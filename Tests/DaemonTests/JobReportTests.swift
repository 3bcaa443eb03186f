import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// What ended jobs are added up to for a report.
@Suite struct `A report of ended jobs` {
    private static let day = DayKey(year: 2026, month: 11, day: 23)

    private static func job(
        _ number: Int64, _ state: JobState = .completed, reward: Double? = nil, quick: Int64 = 1, deepthink: Int64 = 0,
        gpu: Int64 = 0
    ) throws -> JobAccount {
        JobAccount(
            job: JobID(number), queue: try QueueName("maths"), state: state,
            endedAt: Timestamp(milliseconds: number), reward: reward, quick: Spend(calls: quick),
            deepthink: Spend(calls: deepthink, gpuMilliseconds: gpu))
    }

    @Test func `counts outcomes by day and means only what was judged`() throws {
        var report = JobReport()
        report.add(try Self.job(1, reward: 1), on: Self.day)
        report.add(try Self.job(2, .failed), on: Self.day)
        report.add(try Self.job(3, reward: 0), on: Self.day)
        report.add(try Self.job(4, .timeout), on: DayKey(daysSinceEpoch: Self.day.daysSinceEpoch + 1))
        let days = report.reply.days
        #expect(days.map(\.completed) == [2, 0])
        #expect(days.map(\.failed) == [1, 0])
        #expect(days.map(\.timeout) == [0, 1])
        #expect(days.map(\.judged) == [2, 0])
        #expect(days.map(\.meanReward) == [0.5, nil])
    }

    @Test func `the learning curve has at most forty parts that differ by one job and leave none out`() throws {
        var report = JobReport()
        for number in 1...290 {
            report.add(try Self.job(Int64(number), reward: number > 145 ? 1 : 0, quick: 1, deepthink: 3), on: Self.day)
        }
        let points = report.reply.learning
        #expect(points.count == 40)
        #expect(points.last?.jobs == 290)
        let sizes = Set(zip(points, [0] + points.map(\.jobs)).map { $0.jobs - $1 })
        #expect(sizes == [7, 8])
        #expect(points.first?.meanReward == 0)
        #expect(points.last?.meanReward == 1)
        #expect(points.allSatisfy { $0.deepthinkShare == 0.75 })
    }

    @Test func `a point of the learning curve stands for five jobs, or all where there are fewer`() throws {
        for (count, points) in [(3, 1), (9, 1), (14, 2)] {
            var report = JobReport()
            for number in 1...count { report.add(try Self.job(Int64(number), reward: 1), on: Self.day) }
            #expect(report.reply.learning.count == points)
        }
    }

    @Test func `the dearest jobs are ten and the dearest is first`() throws {
        var report = JobReport()
        for number in 1...20 { report.add(try Self.job(Int64(number), gpu: Int64(number % 7)), on: Self.day) }
        let dearest = report.reply.dearest.map(\.number)
        #expect(dearest == [6, 13, 20, 5, 12, 19, 4, 11, 18, 3])
    }
}
