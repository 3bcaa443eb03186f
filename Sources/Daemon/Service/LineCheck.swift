import Control
import Domain
import Environments
import Episodes
import Storage
import Synchronization

/// Reads the lines of open batches and looks whether each could run. Not on the actor of all batches, since it takes its time.
struct LineCheck: Sendable {
    /// What a batch says for its lines, and what they have said so far.
    struct Context: Sendable {
        let priority: Int
        /// What lines may ask for.
        let priorities: ClosedRange<Int64>
        /// For lines that name none.
        let timeLimitMilliseconds: Int64?
        /// What every line needs.
        let needs: [Need]
        let customIDs = CustomIDs()
    }

    let judge: Judge
    let environments: EnvironmentPool
    /// Why a job's prompt fits into no context; nil where it may.
    let tooLarge: @Sendable (JobSpecification) -> String?
    private let judging = Computing()

    init(
        judge: Judge, environments: EnvironmentPool, tooLarge: @escaping @Sendable (JobSpecification) -> String?
    ) {
        self.tooLarge = tooLarge
        self.judge = judge
        self.environments = environments
    }

    /// The jobs of the good lines, and what is wrong with each of the others. Blank lines are neither.
    /// - Throws: `.disconnected` where the caller goes first.
    @concurrent func jobs(
        of lines: [String], from firstLine: Int, in batch: Context, of user: User
    ) async throws(ControlError) -> ([NewJob], [LineError]) {
        var jobs: [NewJob] = []
        var errors: [LineError] = []
        var verifiers: [Int64: Verifier] = [:]
        for (offset, text) in lines.enumerated() where !text.isBlank {
            let number = firstLine + offset
            do throws(BatchLineError) {
                let line = try read(text, number, in: batch)
                verifiers[Int64(number)] = line.specification.verifier
                jobs.append(
                    NewJob(
                        line: Int64(number), customID: line.customID,
                        specification: line.specification.jsonText,
                        priority: Int64(line.priority ?? batch.priority), notBefore: line.notBefore,
                        deadline: line.deadline, maxAttempts: line.maxAttempts, deepthinkCalls: line.deepthinkCalls,
                        timeLimitMilliseconds: line.timeLimitMilliseconds ?? batch.timeLimitMilliseconds,
                        needs: batch.needs + line.needs))
            } catch {
                errors.append(LineError(line: number, message: error.message))
            }
        }
        let faults = try await judge.faults(of: Set(verifiers.values), for: user, judging)
        guard !faults.isEmpty else { return (jobs, errors) }
        jobs.removeAll { job in
            guard let line = job.line, let fault = verifiers[line].flatMap({ faults[$0] }) else { return false }
            errors.append(LineError(line: Int(line), message: fault.description))
            return true
        }
        return (jobs, errors)
    }

    private func read(_ text: String, _ number: Int, in batch: Context) throws(BatchLineError) -> BatchLine {
        let line = try BatchLine(parsing: text)
        // Before its own id is noted: no line waits for itself.
        for case .line(let id) in line.needs.map(\.target) where !batch.customIDs.contains(id) {
            throw BatchLineError(
                message: "londi names '\(id)' to wait for, and no earlier line has that custom_id")
        }
        if let first = batch.customIDs.note(line.customID, line: number) {
            throw BatchLineError(
                message: "custom_id '\(line.customID)' is already that of line \(first); give each line its own")
        }
        if let priority = line.priority, !batch.priorities.contains(Int64(priority)) {
            throw BatchLineError(
                message: "londi.priority '\(priority)' is too much: use \(SubmissionLimits.memberPriorityText)")
        }
        if let complaint = environments.complaint(about: line.specification.environment)
            ?? tooLarge(line.specification)
        {
            throw BatchLineError(message: complaint)
        }
        return line
    }
}

/// The custom_ids of an open batch.
final class CustomIDs: Sendable {
    private let lines = Mutex<[ExactText: Int]>([:])

    func contains(_ id: String) -> Bool { lines.withLock { $0[ExactText(id)] != nil } }

    /// The line that had `id` before; nil where `line` is the first.
    func note(_ id: String, line: Int) -> Int? {
        let id = ExactText(id)
        return lines.withLock { lines in
            if let first = lines[id] { return first }
            lines[id] = line
            return nil
        }
    }
}

extension Judge {
    /// As `faults(of:)`, for each user one at a time: each may take a process for seconds.
    /// - Throws: `.disconnected` where the caller goes first.
    func faults(
        of verifiers: Set<Verifier>, for user: User, _ judging: Computing
    ) async throws(ControlError) -> [Verifier: VerificationError] {
        let isCheap = verifiers.allSatisfy { verifier in
            switch verifier {
            case .exact, .numeric, .command, .feedback: true
            case .regex, .jsonSchema: false
            }
        }
        if isCheap { return await faults(of: verifiers) }
        let faults = try await judging.inTurn(of: user.uid) { await self.faults(of: verifiers) }
        // What was cut off is no verdict.
        if Task.isCancelled { throw .disconnected }
        return faults
    }
}

extension EnvironmentPool {
    /// Why a job cannot act in an environment, as one sentence; nil where it can.
    func complaint(about request: EnvironmentRequest?) -> String? {
        guard let request else { return nil }
        do throws(EnvironmentError) {
            _ = try configuration(of: request.name)
            return nil
        } catch {
            return error.description
        }
    }
}
