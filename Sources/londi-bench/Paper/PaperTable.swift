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
            CostQuality.Point(share: use(of: $0.sample), reward: $0.sample.reward.value)
        }
        return CostQuality(points, quick: quick.reward.value, deepthink: deepthink.reward.value)
    }

    /// The DEEPTHINK calls of an episode as a share of always-DEEPTHINK's; above 1 where switching makes episodes longer.
    func use(of sample: PaperSample) -> Double { sample.calls.value / max(mostCalls, .leastNonzeroMagnitude) }

    /// A policy's reward and its calls as shares of always-DEEPTHINK's in the same episodes; nil before that is there.
    private func shares(of sample: PaperSample) -> (reward: PaperSample.Mean, calls: PaperSample.Mean)? {
        guard let deepthink = self.sample(.alwaysDeepthink), let reward = sample.ratio(to: deepthink, \.reward),
            let calls = sample.ratio(to: deepthink, { Double($0.deepthinkSteps) })
        else { return nil }
        return (reward, calls)
    }

    /// What always-DEEPTHINK calls in an episode; 0 before it is there.
    var mostCalls: Double { sample(.alwaysDeepthink)?.calls.value ?? 0 }

    var csv: String {
        let header =
            "kind,setting,episodes,success,success_low,success_high,reward,reward_margin,deepthink_calls,"
            + "deepthink_calls_margin,steps,deepthink_share,deepthink_tokens,gpu_seconds,step_milliseconds,model_share,random_at_equal_calls,"
            + "reward_kept,reward_kept_margin,calls_saved,calls_saved_margin"
        let lines = rows.map { row in
            let (sample, success) = (row.sample, row.sample.success)
            let numbers = [
                success.share, success.low, success.high, sample.reward.value, sample.reward.margin, sample.calls.value,
                sample.calls.margin, sample.steps.value, sample.callShare, sample.deepthinkTokens.value,
                sample.gpuSeconds.value, sample.stepMilliseconds, sample.modelShare,
            ]
            let kept =
                shares(of: sample).map { reward, calls in
                    [reward.value, reward.margin, 1 - calls.value, calls.margin].map { $0.rounded(3) }
                } ?? ["", "", "", ""]
            return
                ([row.arm.kind.rawValue, row.arm.setting.map { "\($0)" } ?? "", "\(sample.episodes.count)"]
                + numbers.map { $0.rounded(3) } + [random(at: sample, digits: 3)] + kept).joined(separator: ",")
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let header =
            "| policy | success | reward | of DEEPTHINK's | DEEPTHINK calls an episode | fewer | DEEPTHINK tokens | GPU s "
            + "| random at equal calls |\n"
            + "|---|---|---|---|---|---|---|---|---|"
        let lines = rows.sorted { $0.sample.calls.value < $1.sample.calls.value }.map { row in
            let (sample, success) = (row.sample, row.sample.success)
            let shares = shares(of: sample)
            let kept = shares.map { "\($0.reward.value.percent) +- \($0.reward.margin.percent)" } ?? ""
            let saved = shares.map { "\((1 - $0.calls.value).percent) +- \($0.calls.margin.percent)" } ?? ""
            return
                "| \(row.arm.name) | \(success.share.percent) (\(success.low.percent) to \(success.high.percent)) "
                + "| \(sample.reward.value.rounded(1)) +- \(sample.reward.margin.rounded(1)) | \(kept) "
                + "| \(sample.calls.value.rounded(1)) +- \(sample.calls.margin.rounded(1)) | \(saved) "
                + "| \(sample.deepthinkTokens.value.rounded(0)) | \(sample.gpuSeconds.value.rounded(2)) "
                + "| \(random(at: sample, digits: 1)) |"
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    /// What a random choice earns with as many calls as a policy makes.
    private func random(at sample: PaperSample, digits: Int) -> String {
        curve(.random).map { $0.reward(at: use(of: sample)).rounded(digits) } ?? ""
    }
}

extension Double {
    /// A share for a table.
    var percent: String { "\(Int((100 * self).rounded())) %" }

    /// A number for a table, with at most so many digits behind the point.
    func rounded(_ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in 10 * scale }
        let value = (self * scale).rounded() / scale
        return digits == 0 ? "\(Int(value))" : "\(value)"
    }
}
