import Control
import Domain
import Glibc

/// Queues' settings in a file, as `queue export` writes them and `queue import` reads them.
struct QueueFile: Codable, Equatable {
    /// One queue, with the members that CreateQueue takes.
    struct Entry: Codable, Equatable {
        var name: QueueName
        var settings: QueueSettings
    }

    /// The most that such a file may have.
    private static let byteLimit = 16 << 20

    /// `Invocation.schemaVersion` of the londictl that wrote it.
    var schemaVersion: Int
    var queues: [Entry]

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case queues
    }

    init(_ queues: [QueueView]) {
        schemaVersion = Invocation.schemaVersion
        self.queues = queues.map { Entry(name: $0.name, settings: $0.settings) }
    }

    /// Reads and checks all of it before anything is changed.
    init(reading path: String, _ console: Console) throws(CommandError) {
        var file = try InputFile(path: path, console: console)
        var text = ""
        while let line = try file.next() {
            text += line + "\n"
            guard text.utf8.count <= Self.byteLimit else {
                throw .file(path: path, reason: "it has more than \(Self.byteLimit) bytes: it is no file of queues")
            }
        }
        do throws(ControlError) {
            self = try JSONText.decode(QueueFile.self, from: text.utf8)
        } catch { throw .file(path: path, reason: "it is no file of `londictl queue export`: \(error)") }
        guard schemaVersion == Invocation.schemaVersion else {
            throw .file(
                path: path,
                reason: "its schema_version is \(schemaVersion), and this londictl knows \(Invocation.schemaVersion)")
        }
        var names = Set<QueueName>()
        for entry in queues {
            guard names.insert(entry.name).inserted else {
                throw .file(path: path, reason: "queue \(entry.name) is in it twice: remove one")
            }
            do throws(ControlError) { try entry.settings.validate() } catch {
                throw .file(path: path, reason: "queue \(entry.name): \(error)")
            }
        }
    }
}

extension QueueChanges {
    /// What makes any queue's settings these.
    init(to settings: QueueSettings) {
        let limits = settings.limits
        self.init(
            deepthinkCalls: limits.calls, deepthinkTokens: limits.tokens,
            deepthinkGPUMilliseconds: limits.gpuMilliseconds, deepthinkCallsPerJob: settings.deepthinkCallsPerJob,
            timeZone: settings.timeZone, onBudget: settings.onBudget, observe: settings.observe,
            pacing: settings.pacing, switcherKind: settings.switcher.kind, cost: settings.switcher.cost,
            parameter: settings.switcher.parameter, explorationRate: settings.switcher.explorationRate,
            explorationShare: settings.switcher.explorationShare, maxSteps: settings.maxSteps,
            stepTokens: settings.stepTokens, maxAttempts: settings.maxAttempts, isPaused: settings.isPaused,
            isDraining: settings.isDraining, maxRunning: settings.maxRunning ?? 0, share: settings.share,
            retentionDays: settings.retentionDays ?? 0, warnAt: settings.warnAt,
            leastReward: settings.leastReward, mostReward: settings.mostReward)
        var removed: [MaskReason] = []
        if limits.calls == nil { removed.append(.calls) }
        if limits.tokens == nil { removed.append(.tokens) }
        if limits.gpuMilliseconds == nil { removed.append(.gpuTime) }
        if settings.deepthinkCallsPerJob == nil { removed.append(.jobCalls) }
        removeLimits = removed.isEmpty ? nil : removed
    }
}
