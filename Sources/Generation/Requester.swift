package import Domain

/// Whose request it is that the current task sends to a model: where the server dies of it, that job has failed, and no
/// other one.
package enum Requester {
    /// nil: londid's own, such as the learner's.
    @TaskLocal package static var job: JobID?
}
