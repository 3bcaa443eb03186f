import Control
import Domain
import Storage

/// What a job asks for, as far as its stored request can still be read: one damaged job must not hold up others, nor hide
/// its own answer.
struct ReadRequest {
    let specification: JobSpecification
    /// What is wrong with it, with the job and the remedy; nil where it is what was submitted.
    let damage: String?

    init(_ request: StoredRequest, of job: JobID, customID: String?) {
        let read: JobSpecification?
        var reason = "it is not what was submitted"
        do throws(ControlError) {
            read = try JSONText.decode(JobSpecification.self, from: Array(request.specification.utf8))
        } catch {
            read = nil
            reason += "; \(error)"
        }
        guard let read, request.isSound else {
            let damage =
                "the stored request of job \(job) is damaged (\(reason)): londictl audit verify names every such job, and"
                + " a backup has it whole"
            let notice = Message(role: "system", content: "[londid: \(damage)]")
            var shown = read ?? JobSpecification(messages: [], customID: customID)
            shown.messages.insert(notice, at: 0)
            specification = shown
            self.damage = damage
            return
        }
        specification = read
        damage = nil
    }
}
