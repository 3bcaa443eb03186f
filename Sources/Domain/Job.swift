/// Where a job is in its life. Words as Slurm's.
package enum JobState: String, Codable, Sendable, CaseIterable {
    /// Accepted, not claimed; `PendingReason` says why not.
    case pending
    /// Waits for something that only an administrator or the turn of the day ends.
    case held
    case running
    case completed
    case failed
    case cancelled
    case timeout

    /// A job in such a state never changes again, except by an explicit retry.
    package var isTerminal: Bool {
        switch self {
        case .pending, .held, .running: false
        case .completed, .failed, .cancelled, .timeout: true
        }
    }
}

/// Why a job that was accepted does not run.
package enum PendingReason: String, Codable, Sendable, CaseIterable {
    case priority = "Priority"
    case dependency = "Dependency"
    case queuePaused = "QueuePaused"
    case budgetExhausted = "BudgetExhausted"
    case notBefore = "NotBefore"
    case modelUnavailable = "ModelUnavailable"
}

/// One message of a chat.
package struct Message: Hashable, Codable, Sendable {
    /// `system`, `user` or `assistant`.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// What to do: the part of a job that its submitter writes. Stored as JSON, as is.
package struct JobSpecification: Hashable, Codable, Sendable {
    package var messages: [Message]
    /// nil: nobody judges the answer, and nothing is learnt from the job.
    package var verifier: Verifier?
    /// The most steps, >= 1; the queue's limit holds too.
    package var maxSteps: Int?
    /// The text behind which the answer stands, such as `Answer:`. A step that completes a line with it ends the
    /// episode, and verifiers judge only what follows its last occurrence. nil: the whole text is the answer.
    package var answerMarker: String?
    /// `custom_id` of the batch line.
    package var customID: String?
    /// `body.model` and `body.metadata` of the batch line, given back with the result.
    package var model: String?
    package var metadata: JSONValue?
    /// What the models act in, an action a step. Such a job has neither messages nor verifier: the environment says what
    /// is to be done, and what it was worth.
    package var environment: EnvironmentRequest?

    package init(
        messages: [Message], verifier: Verifier? = nil, maxSteps: Int? = nil, answerMarker: String? = nil,
        customID: String? = nil, model: String? = nil, metadata: JSONValue? = nil,
        environment: EnvironmentRequest? = nil
    ) {
        self.messages = messages
        self.verifier = verifier
        self.maxSteps = maxSteps
        self.answerMarker = answerMarker
        self.customID = customID
        self.model = model
        self.metadata = metadata
        self.environment = environment
    }
}
