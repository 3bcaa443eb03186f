/// How long a command that looks again and again rests in between.
enum Pause {
    case glance, second, seconds(Int)

    func wait() async {
        let duration: Duration =
            switch self {
            case .glance: .milliseconds(250)
            case .second: .seconds(1)
            case .seconds(let count): .seconds(count)
            }
        do { try await Task.sleep(for: duration) } catch {
            // Nothing cancels this task; a shorter pause would do no harm.
        }
    }
}
