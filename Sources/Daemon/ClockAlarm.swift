import CSystem
import Dispatch
import Domain
import Glibc

/// Waits for an instant of the real clock, which may jump: the kernel wakes the waiter at that instant and whenever the
/// clock is set, so nothing needs to look at the clock from time to time.
enum ClockAlarm {
    /// Returns at `instant`, when the clock was set, or when the task is cancelled: look at the clock again.
    static func wait(until instant: Timestamp) async {
        let descriptor = londi_clock_alarm(instant.milliseconds)
        guard descriptor >= 0 else {
            // Out of descriptors or memory: a plain wait, cut short because the clock may jump meanwhile.
            do { try await Task.sleep(for: .seconds(1)) } catch {}
            return
        }
        let rings = ChangeBoard()
        let version = rings.version
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            rings.post()
            source.cancel()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        await rings.changed(since: version)
        source.cancel()
    }
}

/// Returns when the first of two waits has, and the other was cancelled.
func first(_ one: @escaping @Sendable () async -> Void, _ other: @escaping @Sendable () async -> Void) async {
    await withTaskGroup { group in
        group.addTask { await one() }
        group.addTask { await other() }
        await group.next()
        group.cancelAll()
    }
}
