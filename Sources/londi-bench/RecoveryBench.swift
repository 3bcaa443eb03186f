import Control
import Domain
import Glibc
import Processes
import Storage

/// From the state that `kill -9` leaves to a store that is open and a londid that takes connections.
struct RecoveryBench {
    private static let runningCount = 64

    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let total = options.jobCount > 0 ? options.jobCount : 1_000_000
        let workplace = try Workplace(in: options.directory)
        try await BenchState.make(
            in: "\(workplace.path)/prepared", total: total, pending: total / 2,
            limits: BudgetLimits(calls: 1_000_000, tokens: 1_000_000_000))
        do {
            let store = try Store(directory: "\(workplace.path)/prepared", now: BenchState.now)
            try await beginSteps(store)
            try await workplace.copy("prepared", to: "killed")
        }
        report.note(
            "\(total) jobs, half of them completed with episode, answer and step, \(Self.runningCount) running with an "
                + "open reservation each; the copy of the state has its write-ahead log")
        for round in 1...3 {
            try await workplace.copy("killed", to: "state")
            let start = ContinuousClock.now
            do {
                let store = try Store(directory: "\(workplace.path)/state", now: BenchState.now)
                let time = ContinuousClock.now - start
                guard store.recovery.requeuedJobs == Self.runningCount,
                    store.recovery.settledReservations == Self.runningCount
                else { throw BenchError(description: "recovered \(store.recovery)") }
                report.add("store open and recovered, run \(round)", milliseconds(time), "ms")
            }
            try await workplace.command("/bin/rm", ["-rf", "\(workplace.path)/state"])
            try await workplace.copy("killed", to: "state")
            let londid = try await Londid.start(in: workplace)
            report.add(
                "londid started to its socket taking connections, run \(round)", milliseconds(londid.startTime), "ms")
            await londid.kill()
            try await workplace.command("/bin/rm", ["-rf", "\(workplace.path)/state"])
        }
        try await workplace.remove()
    }

    private func beginSteps(_ store: isolated Store) throws {
        for _ in 0..<Self.runningCount {
            guard let claimed = try store.claim(now: BenchState.now) else { return }
            _ = try store.beginStep(
                StepStart(
                    claim: claimed.claim, index: 0, day: DayKey(daysSinceEpoch: 20775),
                    worstCase: Spend(calls: 1, tokens: 2000, gpuMilliseconds: 60_000), quickModel: "quick",
                    deepthinkModel: "deepthink", pairKey: "quick+deepthink", now: BenchState.now)
            ) { _, _ in .write(Decision(role: .deepthink, propensity: 0.5), features: [0.25]) }
        }
    }
}

/// A real londid on the state in a workplace's `state`, whose models never come: it takes jobs, and none runs.
struct Londid {
    let socket: String
    /// From before its start to the first answered call.
    let startTime: Duration
    private let process: ChildProcess

    var pid: Int32 { process.pid }

    static func start(in workplace: Workplace) async throws -> Londid {
        let path = workplace.path
        try write(
            """
            [Daemon]
            StateDirectory=\(path)/state
            RuntimeDirectory=\(path)/run
            LogLevel=error

            [Quick]
            Url=unix:\(path)/nobody.sock

            [Deepthink]
            Url=unix:\(path)/nobody.sock

            """, to: "\(path)/londid.conf")
        let command = ProcessCommand(
            path: try sibling("londid"), arguments: ["--user", "--config", "\(path)/londid.conf"],
            environment: ["HOME": path, "PATH": "/usr/bin"])
        let socket = "\(path)/run/io.londi"
        // A run before may have left its socket; a connection to that is refused.
        unlink(socket)
        let start = ContinuousClock.now
        let process = try await ChildProcess.start(command)
        while true {
            if let exit = process.exitIfEnded { throw BenchError(description: "londid ended: \(exit)") }
            if access(socket, F_OK) == 0, let time = await answer(socket, since: start) {
                return Londid(socket: socket, startTime: time, process: process)
            }
            guard ContinuousClock.now - start < .seconds(300) else {
                throw BenchError(description: "londid does not answer within 300 s")
            }
            usleep(1000)
        }
    }

    /// Ends it as `kill -9` does.
    func kill() async {
        process.signal(SIGKILL)
        _ = await process.exit()
    }

    private static func answer(_ socket: String, since start: ContinuousClock.Instant) async -> Duration? {
        do throws(ControlError) {
            _ = try await ControlClient.connect(path: socket).daemonVersion()
            return .now - start
        } catch { return nil }
    }

    /// A program that lies beside this one.
    static func sibling(_ name: String) throws(BenchError) -> String {
        guard let resolved = realpath("/proc/self/exe", nil) else {
            throw BenchError(description: "/proc/self/exe cannot be read")
        }
        defer { free(resolved) }
        let path = String(cString: resolved).split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
        guard access(path, X_OK) == 0 else { throw BenchError(description: "\(path) is missing: build it first") }
        return path
    }

    static func write(_ text: String, to path: String) throws(BenchError) {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BenchError(description: "\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchError(description: "\(path): \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}
