import Domain
import Testing

@testable import Daemon

/// What wakes londid at an instant of the real clock. That setting the clock wakes it too is the kernel's part
/// (TFD_TIMER_CANCEL_ON_SET), which no test may try on a clock that others use.
@Suite(.timeLimit(.minutes(5))) struct ClockAlarmTests {
    @Test func `an alarm rings at its instant and not before`() async {
        let instant = WallClock().now().advanced(byMilliseconds: 30)
        await ClockAlarm.wait(until: instant)
        #expect(WallClock().now() >= instant)
    }

    @Test(arguments: [Int64.min / 2, 0, 1_000])
    func `an instant that has passed rings at once`(milliseconds: Int64) async {
        await ClockAlarm.wait(until: Timestamp(milliseconds: milliseconds))
    }

    @Test func `a cancelled wait ends, also one that had not begun`() async {
        let far = WallClock().now().advanced(byMilliseconds: 1_000_000_000)
        for _ in 1...100 {
            let task = Task { await ClockAlarm.wait(until: far) }
            task.cancel()
            await task.value
        }
    }
}
