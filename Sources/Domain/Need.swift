/// That another job must have ended before a job runs.
package struct Need: Hashable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// It must have completed. Where it ends in any other way, the job that needs it is cancelled.
        case afterOK = "after-ok"
        /// It must have ended, however.
        case afterAny = "after-any"
    }

    package enum Target: Hashable, Sendable {
        case job(JobID)
        /// The `custom_id` of an earlier line of the same batch file: a batch has no cycles.
        case line(String)
    }

    package var kind: Kind
    package var target: Target

    package init(_ kind: Kind, _ target: Target) {
        self.kind = kind
        self.target = target
    }

    /// How many jobs one job may need: each end of one of them looks at the others.
    package static let limit = 1000
}
