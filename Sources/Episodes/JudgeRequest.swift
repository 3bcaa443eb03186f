import Domain

/// What the judge program is asked: whether a verifier could judge at all, or what an answer is worth by it.
struct JudgeRequest: Codable, Sendable {
    var verifier: Verifier
    /// nil: only look at the verifier.
    var answer: String?
}

/// What the judge program says to one request.
struct JudgeReply: Codable, Sendable {
    /// What cannot be used, and where.
    struct Refusal: Codable, Sendable {
        /// Of a regular expression.
        var pattern: String?
        /// Into a schema.
        var path: String?
        var problem: String
    }

    var reward: Double?
    var refusal: Refusal?

    init(reward: Double?) { self.reward = reward }

    init(_ error: VerificationError) {
        refusal =
            switch error {
            case .regex(let pattern, let problem): Refusal(pattern: pattern, problem: problem)
            case .schema(let path, let problem): Refusal(path: path, problem: problem)
            case .unknownCommand, .command, .unjudged: Refusal(problem: error.description)
            }
    }

    /// The reward; nil where only the verifier was looked at.
    /// - Throws: what the judge program found.
    func verdict(by verifier: Verifier) throws(VerificationError) -> Double? {
        guard let refusal else { return reward }
        if let pattern = refusal.pattern { throw .regex(pattern: pattern, problem: refusal.problem) }
        if let path = refusal.path { throw .schema(path: path, problem: refusal.problem) }
        throw .unjudged(by: verifier.what, problem: refusal.problem)
    }
}

extension Verifier {
    /// What of it a judge may fail at, for people.
    var what: String {
        switch self {
        case .regex: "pattern"
        case .jsonSchema: "schema"
        case .exact, .numeric: "answer"
        case .command: "command"
        case .feedback: "feedback"
        }
    }
}
