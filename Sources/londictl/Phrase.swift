import Control
import Domain

/// Values as people read them.
enum Phrase {
    /// `1 episode`, `2 episodes`, `3 entries`.
    static func count(_ count: some BinaryInteger, _ noun: String) -> String {
        if count == 1 { return "1 \(noun)" }
        return noun.before("y").map { "\(count) \($0)ies" } ?? "\(count) \(noun)s"
    }

    /// `12 s ago`, `3 min ago`, `in 2 h`; `-` for none.
    static func relative(_ instant: Timestamp?, now: Timestamp) -> String {
        guard let instant else { return "-" }
        let difference = now.milliseconds - instant.milliseconds
        let length = duration(abs(difference))
        return difference >= 0 ? "\(length) ago" : "in \(length)"
    }

    /// `12 s`, `3 min`, `2 h`, `5 d`: whole units, rounded down.
    static func duration(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return switch seconds {
        case ..<100: "\(seconds) s"
        case ..<6000: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// Seconds with one decimal, rounded half up: 1250 is `1.3`.
    static func seconds(_ milliseconds: Int64) -> String {
        let tenths = (milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// At most `digits` decimals, without a minus before zero.
    static func number(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * Double(scale)).rounded())
        let (whole, part) = (abs(scaled) / scale, abs(scaled) % scale)
        let sign = scaled < 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(whole)" }
        let fraction = String(repeating: "0", count: digits - String(part).count) + String(part)
        return "\(sign)\(whole).\(fraction)"
    }

    static func reward(_ reward: Double?) -> String { reward.map { number($0) } ?? "-" }

    /// `0.412 to 0.530`; `-` for none.
    static func interval(_ estimate: Estimate?) -> String {
        estimate.map { "\(number($0.lower)) to \(number($0.upper))" } ?? "-"
    }

    /// What became of a policy's version: `passed`, `refused, from a file`.
    static func verdict(_ version: PolicyVersionView) -> String {
        (version.verdict?.rawValue ?? "untried") + (version.isImported ? ", from a file" : "")
    }

    /// `12.5 %`; `-` for none.
    static func share(_ share: Double?) -> String { share.map { number($0 * 100, digits: 1) + " %" } ?? "-" }

    /// `12/30 calls, 1.5/600.0 GPU s`: what is spent or reserved of each limit; `no limit` where there is none.
    static func budget(_ budget: BudgetView) -> String {
        let used = budget.spent + budget.reserved
        var parts: [String] = []
        if let limit = budget.limits.calls { parts.append("\(used.calls)/\(limit) calls") }
        if let limit = budget.limits.tokens { parts.append("\(used.tokens)/\(limit) tokens") }
        if let limit = budget.limits.gpuMilliseconds {
            parts.append("\(seconds(used.gpuMilliseconds))/\(seconds(limit)) GPU s")
        }
        return parts.isEmpty ? "no limit" : parts.joined(separator: ", ")
    }

    /// `12 calls/h`: what an hour uses of the unit of which least is left, of calls where nothing is limited; `-` where it
    /// is not known.
    static func burn(_ budget: BudgetView) -> String {
        guard let burn = budget.burn, burn.milliseconds > 0 else { return "-" }
        let shares = BudgetUnit.allCases.compactMap { unit in
            budget.limits[unit].map { limit in
                (unit, Double(budget.spent[unit] + budget.reserved[unit]) / Double(max(limit, 1)))
            }
        }
        let unit = shares.max { $0.1 < $1.1 }?.0 ?? .calls
        let perHour = Double(burn.spent[unit]) * 3_600_000 / Double(burn.milliseconds)
        return switch unit {
        case .calls: "\(number(perHour, digits: 0)) calls/h"
        case .tokens: "\(number(perHour, digits: 0)) tokens/h"
        case .gpuTime: "\(number(perHour / 1000, digits: 1)) GPU s/h"
        }
    }

    /// What a price means, in a sentence.
    static func pacing(_ pacing: PacingView) -> String {
        "one more DEEPTHINK call today is worth +\(number(pacing.price)) expected reward beyond its cost: "
            + "about \(number(pacing.jobsToCome, digits: 0)) jobs and \(number(pacing.callsToCome, digits: 0)) calls "
            + "to come, \(number(pacing.callsLeft, digits: 0)) calls left"
    }

    /// `20 calls until 2026-11-30`, comma-separated; `-` for none.
    static func grants(_ grants: [BudgetGrant]) -> String {
        let parts = grants.map { "\(amount($0.amount)) until \($0.lastDay)" }
        return parts.isEmpty ? "-" : parts.joined(separator: ", ")
    }

    /// `20 calls, 1.5 GPU s`: the units that are not 0.
    static func amount(_ amount: Spend) -> String {
        limits(
            BudgetLimits(
                calls: amount.calls == 0 ? nil : amount.calls, tokens: amount.tokens == 0 ? nil : amount.tokens,
                gpuMilliseconds: amount.gpuMilliseconds == 0 ? nil : amount.gpuMilliseconds))
    }

    /// `30 calls, 1 token, 600.0 GPU s`; `no limit` where there is none.
    static func limits(_ limits: BudgetLimits) -> String {
        var parts: [String] = []
        if let calls = limits.calls { parts.append(count(calls, "call")) }
        if let tokens = limits.tokens { parts.append(count(tokens, "token")) }
        if let time = limits.gpuMilliseconds { parts.append("\(seconds(time)) GPU s") }
        return parts.isEmpty ? "no limit" : parts.joined(separator: ", ")
    }

    /// `3 pending, 1 running, 40 completed`: states that have jobs.
    static func counts(_ counts: JobCounts) -> String {
        let parts = JobState.allCases.filter { counts[$0] > 0 }.map { "\(counts[$0]) \($0.rawValue)" }
        return parts.isEmpty ? "no jobs" : parts.joined(separator: ", ")
    }

    /// What masked DEEPTHINK.
    static func reason(_ mask: MaskReason) -> String {
        mask.unit.map { "the day's \($0.rawValue) budget" } ?? "the job's own calls"
    }

    static func role(_ role: Role) -> String {
        switch role {
        case .quick: "QUICK"
        case .deepthink: "DEEPTHINK"
        }
    }

    static func role(_ role: EngineRole) -> String {
        switch role {
        case .quick: self.role(Role.quick)
        case .deepthink: self.role(Role.deepthink)
        case .encoder: "Encoder"
        }
    }

    /// `1.5 MB`: a million bytes to an MB.
    static func bytes(_ count: Int) -> String { "\(number(Double(count) / 1_000_000, digits: 1)) MB" }

    /// Every line moved right.
    static func indented(_ text: String, by indent: String = "    ") -> String {
        Plain.text(text, keepsLines: true).parts(at: "\n", omittingEmpty: false)
            .map { $0.isEmpty ? "\n" : "\(indent)\($0)\n" }.joined()
    }
}
