import Domain
import Switching
import Testing

/// A price adds to the cost of a call, and to nothing else.
@Suite struct PriceTests {
    private static func choice(_ settings: SwitcherSettings, price: Double?, seed: UInt64 = 1) -> Decision {
        decide(
            features: [1], state: DecideTests.state, settings: settings,
            policy: DecideTests.policy(difference: 0.3, episodeCount: 500), mask: nil, explorationAllowed: false,
            price: price, seed: seed)
    }

    @Test(arguments: [(nil, Role.deepthink), (0, .deepthink), (0.15, .deepthink), (0.25, .quick)])
    func `a call that is worth 0.3 is made while cost and price are less`(price: Double?, role: Role) {
        let settings = SwitcherSettings(cost: 0.1, explorationRate: 0)
        let decision = Self.choice(settings, price: price)
        #expect(decision.role == role)
        #expect(decision.price == price)
        // The values that are recorded are those that were compared.
        #expect(abs((decision.values?.deepthink ?? 0) - (0.65 - 0.1 - (price ?? 0))) < 1e-6)
        let wants = wantsDeepthink(
            features: [1], state: DecideTests.state, settings: settings,
            policy: DecideTests.policy(difference: 0.3, episodeCount: 500), price: price, seed: 1)
        #expect(wants == (role == .deepthink))
    }

    @Test func `a price is the same as so much more cost, seed by seed`() {
        for seed in UInt64(0)..<200 {
            var priced = Self.choice(SwitcherSettings(cost: 0.1, explorationRate: 0.3), price: 0.15, seed: seed)
            let costly = Self.choice(SwitcherSettings(cost: 0.25, explorationRate: 0.3), price: nil, seed: seed)
            priced.price = nil
            #expect(priced == costly)
        }
    }

    @Test func `what learns nothing heeds no price`() {
        for kind in [SwitcherKind.alwaysDeepthink, .threshold] {
            let settings = SwitcherSettings(kind: kind, parameter: -0.5)
            #expect(Self.choice(settings, price: 100).role == .deepthink)
        }
    }

    /// Each step asks for its price, in the transaction that decides it.
    @Test func `a price takes no more than microseconds`() throws {
        let chain = ChainSimulation.fixture
        let episodes = chain.exploringEpisodes(300, seed: 1)
        let policy = try learntPolicy(episodes, cost: 0.05, featureCount: chain.stateCount)
        let clock = ContinuousClock()
        var curve = DemandCurve([], policy: policy, settings: SwitcherSettings(cost: 0.05))
        let drawing = clock.measure {
            curve = DemandCurve(episodes, policy: policy, settings: SwitcherSettings(cost: 0.05))
        }
        let plan = PacingPlan(curve: curve, jobsToCome: 500, jobsOfDay: 500, explorationShare: 0.05)
        var sum = 0.0
        var best = Duration.seconds(1)
        for _ in 0..<20 {
            best = min(
                best,
                clock.measure {
                    for spent in Int64(0)..<100 {
                        let budget = BudgetDay(
                            day: DayKey(daysSinceEpoch: 0), limits: BudgetLimits(calls: 400),
                            spent: Spend(calls: spent))
                        sum += plan.price(for: budget, worstCase: Spend(calls: 1)).price(job: JobID(spent), episode: 1)
                    }
                } / 100)
        }
        print("price \(best), curve \(drawing)")
        #expect(sum > 0)
        #expect(best < .microseconds(50))
    }
}
