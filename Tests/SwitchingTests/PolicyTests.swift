import Domain
import Testing

@testable import Switching

/// A policy outlives the process: what comes back from disk is the same policy or an error.
@Suite struct PolicyTests {
    static let learning = SwitcherKind.allCases.filter(\.learns)

    /// A small policy of a kind.
    private func policy(_ kind: SwitcherKind = .fittedQ) throws -> Policy {
        let chain = ChainSimulation.fixture
        let found = learner(for: kind)
        var learner = try #require(found)
        if var small = learner as? FittedQMLP {
            small.widths = HiddenWidths(8, 8)
            learner = small
        }
        if var small = learner as? SoftActorCritic {
            small.widths = HiddenWidths(8, 8)
            small.updates = 50...50
            learner = small
        }
        return try learntPolicy(
            chain.exploringEpisodes(50, seed: 1), cost: 0.1, featureCount: chain.stateCount, learner: learner)
    }

    @Test(arguments: learning)
    func `a policy written and read is the same policy`(kind: SwitcherKind) throws {
        let policy = try policy(kind)
        #expect(policy.kind == kind)
        #expect(try Policy(bytes: policy.bytes) == policy)
    }

    /// Versions that are stored must come out of their episodes again as they are: these are the hashes of what the
    /// first release learnt.
    @Test func `the bytes of fitted-q are what they have always been`() throws {
        let chain = ChainSimulation.fixture
        let one = try learntPolicy(chain.exploringEpisodes(50, seed: 1), cost: 0.1, featureCount: chain.stateCount)
        #expect(fingerprint(one.bytes[...]) == 542_019_248_520_175_594)
        var learner = FittedQ()
        learner.discount = 0.9
        let two = try learntPolicy(
            TwoStateSimulation.episodes(50, seed: 5), cost: 0.19, featureCount: 2, learner: learner)
        #expect(fingerprint(two.bytes[...]) == 15_742_256_964_728_534_309)
        let budget = BudgetChainSimulation(budget: 2)
        let three = try learntPolicy(
            budget.exploringEpisodes(200, seed: 3), cost: 0.02, featureCount: budget.featureCount)
        #expect(fingerprint(three.bytes[...]) == 17_051_834_056_747_723_912)
    }

    /// The same episodes, the same bits, whatever was learnt before; another seed of the data, others.
    @Test(arguments: learning)
    func `every kind learns the same bits again`(kind: SwitcherKind) throws {
        #expect(try policy(kind).bytes == policy(kind).bytes)
    }

    /// Without an episode there is nothing to say for DEEPTHINK's price.
    @Test(arguments: learning)
    func `every kind that has learnt nothing leaves the steps to QUICK`(kind: SwitcherKind) throws {
        let found = learner(for: kind)
        let learner = try #require(found)
        let policy = try learntPolicy([], cost: 0.1, featureCount: 3, learner: learner)
        #expect(policy.greedy([1, 0, 0.5], cost: 0.1) == .quick)
        #expect(policy.values([1, 0, 0.5], cost: 0.1) == ActionValues(quick: 0, deepthink: -0.1))
        #expect(try Policy(bytes: policy.bytes) == policy)
    }

    /// A damage that its hash does not show is an error or another policy, and never a trap.
    @Test(arguments: learning)
    func `a flipped bit under a right hash does not trap`(kind: SwitcherKind) throws {
        let bytes = try policy(kind).bytes
        let features = ChainSimulation.fixture.features(3)
        for index in 0..<min(bytes.count - 8, 600) {
            for bit in [0, 7] {
                var damaged = ByteWriter()
                damaged.bytes = Array(bytes.dropLast(8))
                damaged.bytes[index] ^= 1 << UInt8(bit)
                damaged.append(fingerprint(damaged.bytes[...]))
                guard let read = try? Policy(bytes: damaged.bytes), read.body.featureCount == features.count else {
                    continue
                }
                _ = (read.greedy(features, cost: 0.1), read.deviation(features))
            }
        }
    }

    /// Every single bit: none may pass unnoticed or trap.
    @Test(arguments: learning)
    func `a flipped bit anywhere is an error`(kind: SwitcherKind) throws {
        let bytes = try policy(kind).bytes
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(throws: SwitchingError.self, "byte \(index)") { try Policy(bytes: damaged) }
        }
    }

    @Test(arguments: learning)
    func `a cut anywhere is an error`(kind: SwitcherKind) throws {
        let bytes = try policy(kind).bytes
        for count in 0..<bytes.count {
            #expect(throws: SwitchingError.self, "\(count) bytes") { try Policy(bytes: Array(bytes.prefix(count))) }
        }
        #expect(throws: SwitchingError.damagedPolicy(byteCount: 0, reason: "it does not begin with LPOL")) {
            try Policy(bytes: [])
        }
    }

    @Test func `another format's snapshot is named as such`() throws {
        var bytes = try policy().bytes
        bytes[4] = 2
        #expect(throws: SwitchingError.unknownPolicyFormat(found: 2, supported: 1)) { try Policy(bytes: bytes) }
    }

    /// Weights of another encoder's features, or of another pair of models, would be nonsense.
    @Test func `a policy of another encoder or pair is refused`() throws {
        let encoder = HashedEncoder()
        let fitting = Policy(
            kind: .fittedQ, version: 1, encoderIdentity: encoder.identity, pairKey: "a+b",
            body: try FittedQ().learn(
                from: [], settings: SwitcherSettings(), featureCount: encoder.featureCount),
            episodeCount: 0, throughOutcome: 0)
        try fitting.check(encoder: encoder, pairKey: "a+b")
        #expect(throws: SwitchingError.policyMismatch(what: "pair", policy: "a+b", inUse: "a+c")) {
            try fitting.check(encoder: encoder, pairKey: "a+c")
        }
        let mismatch = SwitchingError.policyMismatch(
            what: "encoder", policy: "hashed-v3-384", inUse: "hashed-v3-64")
        #expect(throws: mismatch) { try fitting.check(encoder: HashedEncoder(bucketCount: 64), pairKey: "a+b") }
    }

    @Test func `features written and read are the same bits`() throws {
        let features: [Float] = [0, -0.0, 1, .leastNonzeroMagnitude, 0.1]
        #expect(try Switching.features(from: bytes(of: features)).map(\.bitPattern) == features.map(\.bitPattern))
        #expect(throws: SwitchingError.damagedFeatures(byteCount: 5)) {
            try Switching.features(from: [1, 2, 3, 4, 5])
        }
    }

    /// Where one action has never been tried the learner must say that it cannot tell.
    @Test func `an untried state is undecided and a well known one is not`() throws {
        let chain = ChainSimulation.fixture
        let policy = try learntPolicy(
            chain.exploringEpisodes(5_000, seed: 1), cost: 0.1, featureCount: chain.stateCount)
        #expect(!policy.isUndecided(chain.features(5), cost: 0.1))
        let fresh = try learntPolicy([], cost: 0.1, featureCount: chain.stateCount)
        #expect(fresh.isUndecided(chain.features(5), cost: 0.1))
        #expect(policy.deviation(chain.features(5)) < fresh.deviation(chain.features(5)) / 5)
    }

    @Test func `a summary names the feature that moves the choice most`() throws {
        let encoder = HashedEncoder()
        let zeros = [Double](repeating: 0, count: encoder.featureCount)
        var difference = zeros
        difference[1] = 0.3
        difference[11] = 0.9
        difference[HashedEncoder.denseNames.count + 10] = 0.4
        var factor: [Float] = []
        for row in 0..<encoder.featureCount {
            factor += [10] + [Float](repeating: 0, count: encoder.featureCount - 1 - row)
        }
        let policy = Policy(
            kind: .fittedQ, version: 4, encoderIdentity: encoder.identity, pairKey: "a+b",
            body: .linear(
                LinearValues(
                    rewardMean: zeros, rewardDifference: difference, callsMean: zeros, callsDifference: zeros,
                    differencePrecisionFactor: factor, noiseVariance: 0.25)),
            episodeCount: 12, throughOutcome: 12)
        let unsure = LogProbabilities(minimum: -9, lowerQuartile: -4, median: -2, mean: -2)
        let states = [nil, unsure].map { certainty in
            encoder.encode(SwitcherState(question: "", maxSteps: 4, quickLogProbabilities: certainty))
        }
        let summary = PolicySummary(policy, encoder: encoder, cost: 0.2, states: states)
        #expect(summary.influences.map(\.name).prefix(3) == ["QUICK's mean token", "step", "bias"])
        #expect(summary.influences[2].difference == -0.2)
        #expect(summary.activationShare == 0.5)
        let mean = try #require(summary.activations.first)
        #expect(mean.name == "QUICK's mean token")
        #expect(mean.buckets.map(\.greatest) == [0, 1])
        #expect(mean.buckets.map(\.activatedCount) == [0, 1])
        let values = try #require(summary.meanValues)
        #expect(abs(values.deepthink - values.quick - (0.45 - 0.2)) < 1e-6)
        #expect(PolicySummary(policy, encoder: encoder, cost: 0.2).undecidedShare == nil)
    }

    /// Bad data from disk is an error that says where, never a trap in a kernel.
    @Test func `an episode with bad numbers is refused by name`() {
        let good = TrainingEpisode(steps: [TrainingStep(features: [1], role: .quick, reward: 1)])
        func refuse(_ step: TrainingStep, _ error: SwitchingError) {
            #expect(throws: error) {
                try FittedQ().learn(
                    from: [good, TrainingEpisode(steps: [step])], settings: SwitcherSettings(), featureCount: 1)
            }
        }
        refuse(
            TrainingStep(features: [1, 2], role: .quick, reward: 1),
            .featureCountMismatch(episode: 1, step: 0, expected: 1, found: 2))
        refuse(
            TrainingStep(features: [1], role: .quick, reward: .nan), .outOfRange(episode: 1, step: 0, what: "reward"))
        refuse(
            TrainingStep(features: [1], role: .quick, reward: 1e10), .outOfRange(episode: 1, step: 0, what: "reward"))
        refuse(
            TrainingStep(features: [.infinity], role: .quick, reward: 1),
            .outOfRange(episode: 1, step: 0, what: "feature vector"))
    }

    /// An unknown future is not a worthless one.
    @Test func `a truncated end without its state teaches nothing`() throws {
        let ended = (0..<50).map { _ in TrainingEpisode(steps: [TrainingStep(features: [1], role: .quick, reward: 1)]) }
        let cut = (0..<50).map { _ in
            TrainingEpisode(steps: [TrainingStep(features: [1], role: .quick, reward: 0)], isTruncated: true)
        }
        let without = try learntPolicy(ended, cost: 0, featureCount: 1)
        let with = try learntPolicy(ended + cut, cost: 0, featureCount: 1)
        #expect(abs(with.values([1], cost: 0).quick - without.values([1], cost: 0).quick) < 1e-6)
    }
}
