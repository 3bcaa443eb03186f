import Control
import Domain
import Storage

extension ControlService {
    func addDiagnosis(to table: inout MethodTable) {
        table.on(Diagnose.self) { _, _, reply throws(ControlError) in
            var findings = [configurationFinding]
            for engine in try await status().engines { findings.append(finding(about: engine)) }
            let check = MachineCheck(configuration: reloading.configuration.current, isUserMode: isUserMode)
            findings += await Task.detached { check.findings }.value
            findings.append(try await clockFinding())
            if let fault = await store.noteFault {
                findings.append(
                    Finding(
                        "state", .warning,
                        "the newest commit could not be noted in \(store.directory)/state.seal: \(fault)",
                        remedy: "repair what the error says: until then a lost log is not noticed"))
            }
            try await reply.send(Diagnose.Reply(findings: findings))
        }
        table.on(ShowConfiguration.self) { _, _, reply throws(ControlError) in
            let entries = reloading.configuration.entries.map { ConfigurationEntry(key: $0.key, value: $0.value) }
            try await reply.send(ShowConfiguration.Reply(entries: entries))
        }
        table.on(DescribeState.self) { _, _, reply throws(ControlError) in
            let state = try await answering { () async throws(StorageError) in try await overviews.describeState() }
            try await reply.send(
                DescribeState.Reply(
                    directory: store.directory, epoch: store.epoch.number, schema: state.schema,
                    sqliteVersion: state.sqliteVersion, size: state.size, freeSize: state.freeSize,
                    logSize: DiskCheck.size(of: "\(store.directory)/state.sqlite-wal"),
                    tables: state.rows.map { TableRows(table: $0.table, rows: $0.count) }))
        }
    }

    /// londid.conf as it is now, against what is in force.
    private var configurationFinding: Finding {
        do throws(ConfigurationError) {
            let change = try reloading.configuration.pending()
            let waiting = change.applied + change.needRestart
            guard !waiting.isEmpty else { return Finding("configuration", .ok, "londid.conf is in force") }
            let remedy = change.needRestart.isEmpty ? "run londictl reload" : "start londid again"
            return Finding(
                "configuration", .warning, "changed and not in force: \(waiting.joined(separator: ", "))",
                remedy: remedy)
        } catch {
            return Finding(
                "configuration", .problem, "londid.conf has mistakes, londid could not start with it: \(error)",
                remedy: "correct it; londid --check-config says what is left")
        }
    }

    private func finding(about engine: EngineView) -> Finding {
        let name = engine.role.rawValue
        let configuration = pair.configuration.engine(engine.role)
        switch engine.state {
        case .ready where configuration.url == nil && configuration.sha256 == nil:
            return Finding(
                name, .warning, "\(engine.model) is ready, and its file has no hash to be checked against",
                remedy: "set Sha256= in londid.conf: damaged weights load without a word")
        case .ready:
            let restarts = engine.restarts > 0 ? ", started again \(engine.restarts) times" : ""
            return Finding(name, .ok, "\(engine.model) is ready on \(engine.device ?? "its server")\(restarts)")
        case .starting: return Finding(name, .warning, "\(engine.model) is being loaded", remedy: "wait")
        case .unavailable, .stopped:
            return Finding(
                name, .problem, engine.fault ?? "its server is \(engine.state.rawValue)",
                remedy: "do what it says; jobs wait as ModelUnavailable meanwhile")
        }
    }

    /// Days never go backwards, so a clock that did leaves queues on a later day than it shows.
    private func clockFinding() async throws(ControlError) -> Finding {
        let now = clock.now()
        let records = try await answering { () async throws(StorageError) in try await reader.queues() }
        for budget in try await budgets(of: records) {
            let today: DayKey
            do throws(ZoneError) { today = try Zone(budget.timeZone).day(at: now) } catch {
                return Finding("clock", .problem, error.description, remedy: "install tzdata, or give the queue a zone")
            }
            if budget.day > today {
                return Finding(
                    "clock", .warning, "queue \(budget.queue) is on \(budget.day), and the clock says \(today)",
                    remedy: "set the clock right, then londictl budget set-day \(budget.queue); else its next day"
                        + " begins when the clock is over \(budget.day)")
            }
        }
        return Finding("clock", .ok, "it says \(RFC3339.text(of: now)), and no queue is ahead of it")
    }
}
