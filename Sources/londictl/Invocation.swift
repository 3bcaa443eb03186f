import Control
import Domain

/// A parsed command line, ready to run.
struct Invocation: Sendable {
    var command: Command
    var values: [String: String] = [:]
    /// The values of options that may be given several times, in their order.
    var lists: [String: [String]] = [:]
    var switches: Set<String> = []
    var arguments: [String] = []
    var environment: [String: String]
    var console: Console

    func isSet(_ name: String) -> Bool { switches.contains(name) }
    func text(_ name: String) -> String? { values[name] }
    func isGiven(_ name: String) -> Bool { values[name] != nil || lists[name] != nil }

    /// JSON was asked for.
    var isForMachines: Bool { isSet("json") || isSet("jsonl") }

    /// The value of an option that the command cannot do without.
    func required(_ name: String) throws(CommandError) -> String {
        guard let value = values[name] else {
            throw .usage("--\(name) is missing: \(command.synopsis)")
        }
        return value
    }

    func integer(_ name: String) throws(CommandError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text) else { throw .usage("--\(name) '\(text)' is no whole number") }
        return number
    }

    /// The most rows, at least one.
    func limit() throws(CommandError) -> Int? {
        let limit = try integer("limit")
        if let limit, limit < 1 { throw .usage("--limit cannot be '\(limit)': use a whole number from 1") }
        return limit
    }

    func number(_ name: String) throws(CommandError) -> Double? {
        guard let text = values[name] else { return nil }
        guard let number = Double(text), number.isFinite else { throw .usage("--\(name) '\(text)' is no number") }
        return number
    }

    /// One of an enum's words.
    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Word.Type
    ) throws(CommandError) -> Word? where Word.RawValue == String {
        guard let text = values[name] else { return nil }
        return try Self.word(text, type, what: "--\(name)")
    }

    /// Several different ones of an enum's words, comma-separated.
    func words<Word: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Word.Type
    ) throws(CommandError) -> [Word]? where Word.RawValue == String {
        guard let text = values[name] else { return nil }
        var words: [Word] = []
        for part in text.parts(at: ",", omittingEmpty: false) {
            let word = try Self.word(String(part), type, what: "--\(name)")
            guard !words.contains(where: { $0.rawValue == word.rawValue }) else {
                throw .usage("--\(name) '\(text)' names \(part) twice; once is enough")
            }
            words.append(word)
        }
        return words
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ text: String, _ type: Word.Type, what: String
    ) throws(CommandError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: text) else {
            throw .usage("\(what) '\(text)' is none of \(Word.words.joined(separator: ", "))")
        }
        return word
    }

    func queue(_ text: String) throws(CommandError) -> QueueName {
        do throws(QueueNameError) { return try QueueName(text) } catch { throw .usage(error.description) }
    }

    func queueOption() throws(CommandError) -> QueueName? {
        guard let text = values["queue"] else { return nil }
        return try queue(text)
    }

    func batch(_ text: String) throws(CommandError) -> BatchID {
        guard let batch = BatchID(parsing: text) else { throw .usage("'\(text)' is no batch id such as b7") }
        return batch
    }

    func job(_ text: String) throws(CommandError) -> JobID {
        guard let job = JobID(parsing: text) else { throw .usage("'\(text)' is no job id such as 42") }
        return job
    }

    /// Several job ids, comma-separated.
    func jobs(_ name: String) throws(CommandError) -> [JobID]? {
        guard let text = values[name] else { return nil }
        var jobs: [JobID] = []
        for part in text.parts(at: ",", omittingEmpty: false) {
            guard let job = JobID(parsing: part) else {
                throw .usage(
                    "--\(name) '\(text)': '\(part)' is no job id such as 42; name ids with commas between them")
            }
            jobs.append(job)
        }
        return jobs
    }

    /// `--time-limit` in milliseconds.
    func timeLimit() throws(CommandError) -> Int64? {
        guard let text = values["time-limit"] else { return nil }
        return try parse { () throws(ControlError) in try Amount.milliseconds(text, argument: "--time-limit") }
    }

    /// An instant such as 2026-11-23T10:00:00Z.
    func instant(_ name: String) throws(CommandError) -> Timestamp? {
        guard let text = values[name] else { return nil }
        return try parse { () throws(ControlError) in try RFC3339.parse(text, argument: "--\(name)") }
    }

    /// Either, by its form.
    func target(_ text: String) throws(CommandError) -> Target {
        if let batch = BatchID(parsing: text) { return .batch(batch) }
        if let job = JobID(parsing: text) { return .job(job) }
        throw .usage("'\(text)' is neither a job id such as 42 nor a batch id such as b7")
    }

    /// What is refused before the daemon is asked is a mistake on the command line.
    func parse<Value>(_ body: () throws(ControlError) -> Value) throws(CommandError) -> Value {
        do throws(ControlError) { return try body() } catch {
            throw .usage(error.naming(optionsOf: command).description)
        }
    }
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
    /// The words of the enum, as command lines have them.
    static var words: [String] { allCases.map(\.rawValue) }
}

/// A job or a batch, as a command line names it.
enum Target: Sendable, CustomStringConvertible {
    case job(JobID)
    case batch(BatchID)

    var job: JobID? { if case .job(let job) = self { job } else { nil } }
    var batch: BatchID? { if case .batch(let batch) = self { batch } else { nil } }
    var description: String {
        switch self {
        case .job(let job): job.description
        case .batch(let batch): batch.description
        }
    }
}
