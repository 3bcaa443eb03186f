import Domain

/// One policy of a figure.
struct PaperRow: Sendable {
    let arm: PaperArm
    let sample: PaperSample
}

/// A figure's policies, side by side.
struct PaperTable: Sendable {
    let figure: PaperFigure
    let rows: [PaperRow]

    func sample(_ kind: SwitcherKind) -> PaperSample? { rows.first { $0.arm.kind == kind }?.sample }

    /// Reward at equal use, from always-QUICK to always-DEEPTHINK; nil before both are there.
    /// - Parameter kind: whose points lie between.
    func curve(_ kind: SwitcherKind) -> CostQuality? {
        guard let quick = sample(.alwaysQuick), let deepthink = sample(.alwaysDeepthink) else { return nil }
        let points = rows.filter { $0.arm.kind == kind }.map {
            CostQuality.Point(share: $0.sample.callShare, reward: $0.sample.reward.value)
        }
        return CostQuality(points, quick: quick.reward.value, deepthink: deepthink.reward.value)
    }

    var csv: String {
        let header =
            "kind,setting,episodes,success,success_low,success_high,reward,reward_margin,deepthink_calls,"
            + "deepthink_calls_margin,steps,deepthink_share,deepthink_tokens,gpu_seconds,step_milliseconds,model_share,random_at_equal_share"
        let lines = rows.map { row in
            let (sample, success) = (row.sample, row.sample.success)
            let numbers = [
                success.share, success.low, success.high, sample.reward.value, sample.reward.margin, sample.calls.value,
                sample.calls.margin, sample.steps.value, sample.callShare, sample.deepthinkTokens.value,
                sample.gpuSeconds.value, sample.stepMilliseconds, sample.modelShare,
            ]
            let random = curve(.random).map { rounded($0.reward(at: sample.callShare)) } ?? ""
            return
                ([row.arm.kind.rawValue, row.arm.setting.map { "\($0)" } ?? "", "\(sample.episodes.count)"]
                + numbers.map { rounded($0) } + [random]).joined(separator: ",")
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let header =
            "| policy | success | reward | DEEPTHINK calls an episode | share of steps | DEEPTHINK tokens | GPU s "
            + "| random at equal share |\n"
            + "|---|---|---|---|---|---|---|---|"
        let lines = rows.sorted { $0.sample.calls.value < $1.sample.calls.value }.map { row in
            let (sample, success) = (row.sample, row.sample.success)
            let random = curve(.random).map { rounded($0.reward(at: sample.callShare)) } ?? ""
            return
                "| \(row.arm.name) | \(percent(success.share)) (\(percent(success.low)) to \(percent(success.high))) "
                + "| \(rounded(sample.reward.value)) +- \(rounded(sample.reward.margin)) "
                + "| \(rounded(sample.calls.value)) +- \(rounded(sample.calls.margin)) | \(percent(sample.callShare)) "
                + "| \(rounded(sample.deepthinkTokens.value)) | \(rounded(sample.gpuSeconds.value)) | \(random) |"
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

    /// Three digits behind the point.
    private func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
