import Domain
import Switching
import Testing

@testable import Daemon
@testable import Storage

/// What old episodes teach after the pair of models or the encoder has changed.
@Suite struct PolicyFits {
    private static let encoder = HashedEncoder(bucketCount: 8)
    private static let model = ModelEncoder(modelIdentity: "tiny")
    private static let dense = HashedEncoder.denseNames.count

    private func key(_ encoder: any FeatureEncoder, quick: String = "small") -> String {
        "\(quick) + large + \(encoder.identity)"
    }

    /// Episodes of one step, where DEEPTHINK is right and QUICK is not.
    private func history(_ count: Int, from first: Int = 0, key: String, features: Int) -> [TrainingRecord] {
        (first..<(first + count)).map { number in
            let role: Role = number.isMultiple(of: 2) ? .quick : .deepthink
            let step = TrainingRecord.Step(
                index: 0, features: (0..<features).map { $0 == 0 ? 1 : Float((number * ($0 + 3)) % 7) / 7 - 0.4 },
                role: role, propensity: 0.5, maskReason: nil, isExploration: false, budgetShare: 1, policyVersion: 0,
                reward: role == .deepthink ? 1 : 0)
            return TrainingRecord(
                outcome: Int64(number + 1), job: JobID(Int64(number + 1)), episode: EpisodeID(Int64(number + 1)),
                submitter: 1000, pairKey: key, reward: step.reward, source: .verifier, isTruncated: false, steps: [step]
            )
        }
    }

    private func fit(_ encoder: any FeatureEncoder, quick: String = "small") -> PolicyFit {
        PolicyFit(
            kind: .fittedQ, cost: 0.05, encoderIdentity: encoder.identity, featureCount: encoder.featureCount,
            pairKey: key(encoder, quick: quick), version: 1)
    }

    private func episodes(_ records: [TrainingRecord]) -> TrainingEpisodes {
        TrainingEpisodes(episodes: records, throughOutcome: Int64(records.count), userEpisodes: nil)
    }

    @Test func `a change of the pair keeps the mean, inflates the uncertainty and begins to explore again`() throws {
        let encoder = Self.encoder
        let records = episodes(history(200, key: key(encoder), features: encoder.featureCount))
        var before = fit(encoder)
        before.weigh(records)
        var after = fit(encoder, quick: "new")
        after.weigh(records)
        let (old, new) = try (#require(try before.policy(from: records)), #require(try after.policy(from: records)))
        #expect(old.episodeCount == 200 && new.episodeCount == 0)
        for record in records.episodes.prefix(20) {
            let state = record.steps[0].features
            #expect(old.greedy(state, cost: 0.05) == .deepthink && new.greedy(state, cost: 0.05) == .deepthink)
            let (was, now) = (old.values(state, cost: 0.05), new.values(state, cost: 0.05))
            #expect(abs(now.deepthink - now.quick - (was.deepthink - was.quick)) < 0.1)
            #expect(new.deviation(state) > 1.3 * old.deviation(state))
        }
    }

    @Test func `other pairs' episodes count less the more own ones there are, and at last not at all`() {
        let encoder = Self.encoder
        let old = history(300, key: key(encoder), features: encoder.featureCount)
        var weights: [Double] = []
        for own in [0, 100, 199, 200, 500] {
            let records = episodes(
                old + history(own, from: 300, key: key(encoder, quick: "new"), features: encoder.featureCount))
            var fit = fit(encoder, quick: "new")
            fit.weigh(records)
            let usable = fit.usable(records)
            weights.append(usable[0].weight)
            #expect(usable.count { $0.weight == 1 } == own)
            #expect(usable.count == (own < PowerPrior.ownEpisodes ? 300 + own : own))
        }
        #expect(weights[0] == 0.25 && weights[1] == 0.125 && (0.0012...0.0013).contains(weights[2]))
        #expect(weights[3] == 1)
    }

    @Test func `of another encoder's episodes the readable features teach, and its texts say nothing`() throws {
        let (old, new) = (Self.encoder, Self.model)
        let records = episodes(history(60, key: key(old), features: old.featureCount))
        var fit = fit(new)
        fit.weigh(records)
        let usable = fit.usable(records)
        #expect(usable.count == 60)
        for (episode, record) in zip(usable, records.episodes) {
            #expect(episode.weight == 0.25)
            #expect(episode.steps[0].features.count == new.featureCount)
            #expect(episode.steps[0].features.prefix(Self.dense) == record.steps[0].features.prefix(Self.dense))
            #expect(episode.steps[0].features.dropFirst(Self.dense).allSatisfy { $0 == 0 })
        }
        let policy = try #require(try fit.policy(from: records))
        #expect(policy.episodeCount == 0)
        let state = new.encode(
            SwitcherState(question: "", maxSteps: 1), text: [Float](repeating: 0.1, count: new.textNames.count))
        #expect(policy.greedy(state, cost: 0.05) == .deepthink)
    }

    @Test(arguments: ["several", "small + large + hashed-v99-8", "small + large", ""])
    func `what nobody knows teaches nothing`(key: String) {
        let records = episodes(history(5, key: key, features: Self.encoder.featureCount))
        var fit = fit(Self.encoder)
        fit.weigh(records)
        #expect(fit.usable(records).isEmpty)
    }
}
