import Domain
import Switching
import Testing

/// A table calls QUICK where it knows nothing, whatever the tie of its forecast says; so must what is expected of it.
@Suite struct TabularDemandTests {
    @Test func `states that a table does not know call nothing`() throws {
        let chain = ChainSimulation.fixture
        let settings = SwitcherSettings(kind: .certaintyEquivalence, cost: 0.05, explorationRate: 0)
        let known = chain.exploringEpisodes(2000, seed: 1)
        let learner = CertaintyEquivalence()
        let body = try learner.learn(from: known, settings: settings, featureCount: chain.stateCount)
        let policy = Policy(
            kind: .certaintyEquivalence, version: 1, encoderIdentity: "one-hot", pairKey: "a+b", body: body,
            episodeCount: 2000, throughOutcome: 1)
        #expect(DemandCurve(known, policy: policy, settings: settings).points[0].calls > 0.5)
        // Vectors that are no state of the chain.
        let strange = known.map { episode in
            var episode = episode
            for index in episode.steps.indices {
                episode.steps[index].features = [Float](repeating: 0.5, count: chain.stateCount)
            }
            return episode
        }
        let curve = DemandCurve(strange, policy: policy, settings: settings)
        #expect(curve.points.map(\.calls) == [0])
    }
}
