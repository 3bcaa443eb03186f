package import Domain

/// A part of a step that is being written, before it is recorded. It may still be cut off or, a draft, replaced: the step
/// as it is recorded decides.
package struct StepPart: Hashable, Codable, Sendable {
    /// Of the step, from 0.
    package var index: Int
    /// quick or deepthink.
    package var role: Role
    /// QUICK drafts it, and it is not decided yet who writes the step.
    package var isDraft: Bool
    /// The first part; what was told before of a step that never came to be recorded is void.
    package var isFirst: Bool
    /// What was added since the last part, all of it so far in the first one; about 65536 bytes at most.
    package var text: String

    package init(index: Int, role: Role, isDraft: Bool, isFirst: Bool, text: String) {
        self.index = index
        self.role = role
        self.isDraft = isDraft
        self.isFirst = isFirst
        self.text = text
    }
}

extension String {
    /// What follows `beginning`, which may end within what is one character with what follows; nil where the text does not
    /// begin so.
    package func rest(after beginning: String) -> String? {
        guard utf8.starts(with: beginning.utf8) else { return nil }
        return String(decoding: utf8.dropFirst(beginning.utf8.count), as: UTF8.self)
    }
}

/// A job's steps as they are written, until it has ended: the last reply shows it so. Members watch their own jobs.
package enum WatchJob: ControlMethod {
    package static let name = "io.londi.WatchJob"
    package static let needs = Authority.member
    package static let requiresMore = true

    package struct Parameters: Hashable, Codable, Sendable {
        package var job: JobID

        package init(job: JobID) {
            self.job = job
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var job: JobView
        /// In the first reply.
        package var specification: JobSpecification?
        /// In the last reply, where the job has an answer.
        package var outcome: Outcome?
        /// How an environment began its current episode; in the first reply that knows it.
        package var opening: Opening?
        /// What has been recorded since the last reply, written or abandoned, in order; each once.
        package var steps: [StepView]
        /// What was written since the last reply of the step that is not recorded yet.
        package var part: StepPart?

        package init(
            job: JobView, specification: JobSpecification? = nil, outcome: Outcome? = nil, opening: Opening? = nil,
            steps: [StepView] = [], part: StepPart? = nil
        ) {
            self.job = job
            self.specification = specification
            self.outcome = outcome
            self.opening = opening
            self.steps = steps
            self.part = part
        }
    }
}
