import Control
import Domain
import Hashing

extension Command {
    static let submit = Command(
        words: ["submit"], summary: "Submit a file of OpenAI batch lines, one prompt, or one episode in an environment",
        options: [
            CommandOption("queue", short: "q", "QUEUE", "where the jobs wait; needed where there are several"),
            CommandOption("file", short: "f", "FILE", "a file of OpenAI batch lines; - is stdin"),
            CommandOption("prompt", "TEXT", "one job that asks this"),
            CommandOption("environment", "NAME", "one job that acts in this environment of londid.conf"),
            CommandOption(
                "option", "NAME=TEXT", "what the environment is told, such as level=GoToLocal", repeats: true),
            CommandOption("seed", "N", "what the environment's episode depends on, else the job's number"),
            CommandOption("verifier", "JSON", "how the prompt's answer is judged"),
            CommandOption("answer-marker", "TEXT", "what the prompt's final answer stands behind, such as Answer:"),
            CommandOption("max-steps", "N", "the most steps of the job"),
            CommandOption("max-attempts", "N", "the most attempts of the job, else the queue's"),
            CommandOption(
                "deepthink-calls", "N", "the most DEEPTHINK steps of the job; the queue's limit holds too"),
            CommandOption("priority", "N", "among your jobs, -100 to 100, higher first"),
            CommandOption("not-before", "TIME", "the job starts no earlier, 2026-11-23T10:00:00Z"),
            CommandOption("deadline", "TIME", "the job is of no use later"),
            CommandOption("time-limit", "TIME", "the most time of one attempt, 90, 90s, 10m or 2h"),
            CommandOption("after-ok", "JOBS", "run when these jobs have completed; never, if one does not"),
            CommandOption("after-any", "JOBS", "run when these jobs have ended, however"),
            CommandOption("idempotency-key", "KEY", "the same key gives the first job again"),
            CommandOption("allow-duplicate", nil, "queue a file that was queued before"),
            CommandOption("wait", nil, "wait for the end; exit with the jobs' result"),
            CommandOption("parsable", nil, "print only the id"),
        ],
        examples: [
            "submit --queue maths -f problems.jsonl", "submit --queue maths -f - --wait < problems.jsonl",
            "submit --queue maths --prompt 'What is 6 x 7?' "
                + "--verifier '{\"type\": \"numeric\", \"answer\": 42}' --wait",
            "submit --queue rooms --environment babyai-text --option level=GoToLocal --seed 7",
            "submit --queue maths -f second.jsonl --after-ok 41,42 --time-limit 10m",
        ]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queueOption()
        if invocation.text("environment") == nil {
            for name in ["option", "seed"] where invocation.isGiven(name) {
                throw .usage("--\(name) goes with --environment")
            }
        }
        switch (invocation.text("file"), invocation.text("prompt"), invocation.text("environment")) {
        case (let path?, nil, nil):
            for name in [
                "verifier", "answer-marker", "max-steps", "max-attempts", "deepthink-calls", "not-before", "deadline",
                "idempotency-key",
            ]
            where invocation.text(name) != nil {
                throw .usage(
                    "--\(name) goes with --prompt and --environment; in a file it stands on each line, "
                        + "and a file is known again by its lines"
                )
            }
            let queue = try await orOnly(queue, invocation)
            return try await FileSubmission(invocation: invocation, queue: queue, path: path).run()
        case (nil, let prompt?, nil):
            return try await submitJob(try specification(prompt: prompt, invocation), queue, invocation)
        case (nil, nil, let environment?):
            return try await submitJob(try specification(environment: environment, invocation), queue, invocation)
        default:
            throw .usage(
                "give one of --file FILE, --prompt TEXT and --environment NAME: \(invocation.command.synopsis)")
        }
    }
}

/// The queue that was named, or where none was, the only one there is.
private func orOnly(_ named: QueueName?, _ invocation: Invocation) async throws(CommandError) -> QueueName {
    if let named { return named }
    let queues = try await Session(invocation).call(ListQueues.self, .init()).queues.map(\.name)
    guard let first = queues.first else {
        throw .control(
            .conflict(what: "there is no queue yet", remedy: "`londictl queue create NAME` makes one"))
    }
    guard queues.count == 1 else {
        let names = queues.prefix(8).map(\.text).joined(separator: ", ") + (queues.count > 8 ? ", ..." : "")
        throw .usage("--queue is missing, and there are \(queues.count): \(names)")
    }
    return first
}

private func specification(
    environment name: String, _ invocation: Invocation
) throws(CommandError) -> JobSpecification {
    for option in ["verifier", "answer-marker"] where invocation.isGiven(option) {
        throw .usage("--\(option) goes with --prompt: an environment judges by itself")
    }
    var request = EnvironmentRequest(name: name, seed: try invocation.integer("seed").map { Int64($0) })
    for option in invocation.lists["option"] ?? [] {
        let parts = option.parts(at: "=", most: 2, omittingEmpty: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw .usage("--option '\(option)' is no NAME=TEXT such as level=GoToLocal")
        }
        guard request.options.updateValue(parts[1], forKey: parts[0]) == nil else {
            throw .usage("--option \(parts[0]) is given twice")
        }
    }
    return JobSpecification(messages: [], maxSteps: try invocation.integer("max-steps"), environment: request)
}

private func specification(prompt: String, _ invocation: Invocation) throws(CommandError) -> JobSpecification {
    var verifier: Verifier?
    if let text = invocation.text("verifier") {
        let json: JSONValue
        do throws(JSONError) { json = try JSONReader.value(of: text) } catch {
            throw .usage("--verifier '\(text)' is \(error)")
        }
        verifier = try invocation.parse { () throws(ControlError) in try Verifier(json: json, path: "--verifier") }
    }
    return JobSpecification(
        messages: [Message(role: "user", content: prompt)], verifier: verifier,
        maxSteps: try invocation.integer("max-steps"), answerMarker: invocation.text("answer-marker"))
}

private func submitJob(
    _ specification: JobSpecification, _ named: QueueName?, _ invocation: Invocation
) async throws(CommandError) -> ExitCode {
    let queue = try await orOnly(named, invocation)
    let parameters = SubmitJob.Parameters(
        queue: queue, specification: specification, priority: try invocation.integer("priority"),
        notBefore: try invocation.instant("not-before"), deadline: try invocation.instant("deadline"),
        idempotencyKey: invocation.text("idempotency-key"), maxAttempts: try invocation.integer("max-attempts"),
        deepthinkCalls: try invocation.integer("deepthink-calls"),
        timeLimitMilliseconds: try invocation.timeLimit(),
        afterOK: try invocation.jobs("after-ok"), afterAny: try invocation.jobs("after-any"))
    try invocation.parse { () throws(ControlError) in try parameters.validate() }
    let reply = try await Session(invocation).call(SubmitJob.self, parameters)
    let waits = invocation.isSet("wait")
    if invocation.isForMachines {
        if !waits { invocation.writeObject(reply) }
    } else if invocation.isSet("parsable") {
        invocation.console.write("\(reply.job)\n")
    } else {
        let text =
            reply.duplicate
            ? "Job \(reply.job) has this idempotency key already; nothing new was queued\n"
            : "Job \(reply.job) queued in \(queue); `londictl wait \(reply.job)` waits for it\n"
        // With --wait, stdout is for the answer.
        waits ? invocation.console.complain(text) : invocation.console.write(text)
    }
    guard waits else { return .ok }
    let wait = JobWait(invocation: invocation, target: .job(reply.job), printsJSON: false)
    guard let end = try await wait.run() else { return .jobFailed }
    let shown = try await Session(invocation).call(ShowJob.self, .init(job: reply.job))
    if invocation.isForMachines {
        let waited = WaitedSubmission(
            job: reply.job, duplicate: reply.duplicate, counts: end.counts, fault: shown.job.fault,
            faultCode: shown.job.faultCode, outcome: shown.outcome)
        invocation.writeObject(waited)
    } else if let outcome = shown.outcome, !invocation.isSet("parsable") {
        invocation.console.write(Plain.text(outcome.answer, keepsLines: true) + "\n")
    }
    if let fault = shown.job.fault { invocation.console.complain("job \(reply.job): \(fault)\n") }
    return JobWait.exitCode(of: end)
}
