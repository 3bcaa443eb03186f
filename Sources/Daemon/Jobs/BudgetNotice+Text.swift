import Control
import Domain
import Storage

extension BudgetNotice {
    /// The one line of the log, with all that is needed to act on it.
    func text(now: Timestamp) -> String {
        let what =
            switch kind {
            case .warning: "is nearly used up"
            case .exhausted: "does not cover another DEEPTHINK step"
            }
        var resets = "when the day ends in \(timeZone)"
        do throws(ZoneError) { resets = RFC3339.text(of: try Zone(timeZone).reset(of: budget.day, now: now)) } catch {
            resets += " (\(error))"
        }
        return
            "queue \(queue): the budget of \(budget.day) \(what): \(budget.account(of: unit)); it is new at \(resets);"
            + " `londictl budget grant \(queue)` adds to it"
    }
}
