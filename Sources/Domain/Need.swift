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

    /// Needs of both kinds for jobs that exist already.
    package static func of(afterOK: [JobID]?, afterAny: [JobID]?) -> [Need] {
        (afterOK ?? []).map { Need(.afterOK, .job($0)) } + (afterAny ?? []).map { Need(.afterAny, .job($0)) }
    }

    /// The jobs that are named by their numbers.
    package static func jobs(of needs: [Need]) -> [JobID] {
        needs.compactMap { if case .job(let job) = $0.target { job } else { nil } }
    }

    /// How many jobs one job may need: each end of one of them looks at the others.
    package static let limit = 1000
}
