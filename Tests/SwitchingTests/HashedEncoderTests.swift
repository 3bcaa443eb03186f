import Domain
import Switching
import Testing

/// Features are part of a policy's meaning: they must stay what they are, on every machine and in every version.
@Suite struct HashedEncoderTests {
    static let state = SwitcherState(
        question: "What is 17 * 23? Überlege gut.", answer: "17 * 23 = 391\n", lastText: "17 * 23 = 391", stepIndex: 2,
        maxSteps: 8,
        lastRole: .deepthink,
        quickLogProbabilities: LogProbabilities(minimum: -4, lowerQuartile: -1, median: -0.5, mean: -0.72),
        lastStepTokens: 31, repeats: 1, stepsSinceQuick: 1, emptySteps: 2, deepthinkSteps: 4, deepthinkInARow: 1,
        remainingBudgetShare: 0.25, remainingJobShare: 0.5, dayFraction: 0.75)

    @Test func `the named features are what their names say`() {
        let features = HashedEncoder().encode(Self.state)
        let named = Dictionary(uniqueKeysWithValues: zip(HashedEncoder.denseNames, features))
        let expected: [(String, Float)] = [
            ("bias", 1), ("step", 0.25), ("first step", 0), ("last step", 0), ("last step's tokens", 5.0 / 16),
            ("QUICK's certainty unknown", 0), ("QUICK's lower quartile", 0.5), ("QUICK's median token", 0.5),
            ("QUICK's mean token", 0.6), ("steps since QUICK", 0.25), ("budget left", 0.25),
            ("time of day, sine", -1), ("time of day, cosine", 0), ("QUICK wrote last", 0),
            ("DEEPTHINK wrote last", 1), ("last step repeated", 1), ("repeats", 0.25), ("steps without progress", 0.5),
            ("DEEPTHINK's steps", 0.5), ("DEEPTHINK in a row", 0.25), ("job's calls left", 0.5),
        ]
        for (name, value) in expected {
            #expect(abs((named[name] ?? .nan) - value) < 1e-6, "\(name)")
        }
    }

    /// What is not drafted must look like nothing, not like a bad draft.
    @Test func `the named features of a draft are what their names say, and 0 without one`() {
        var state = Self.state
        let names = HashedEncoder.denseNames.filter { $0.hasPrefix("draft") }
        func named() -> [String: Float] {
            Dictionary(uniqueKeysWithValues: zip(HashedEncoder.denseNames, HashedEncoder().encode(state)))
        }
        #expect(names.count == 10)
        #expect(names.allSatisfy { named()[$0] == 0 })
        state.draft = Generated(
            text: "no", stopReason: .endOfTurn, generatedTokens: 31,
            logProbabilities: LogProbabilities(minimum: -10, lowerQuartile: -1, median: -0.5, mean: -0.72))
        state.draftRepeats = 2
        let expected: [String: Float] = [
            "draft": 1, "draft ends the turn": 1, "draft was cut": 0, "draft's tokens": 5.0 / 16,
            "draft's certainty unknown": 0, "draft's worst token": 1, "draft's lower quartile": 0.5,
            "draft's median token": 0.5, "draft's mean token": 0.6, "draft repeats": 1,
        ]
        for name in names { #expect(abs((named()[name] ?? .nan) - (expected[name] ?? .nan)) < 1e-6, "\(name)") }
        state.draft?.stopReason = .length
        state.draft?.logProbabilities = nil
        #expect(named()["draft was cut"] == 1)
        #expect(named()["draft's certainty unknown"] == 1)
        #expect(named()["draft's worst token"] == 0)
    }

    /// QUICK's proposal is what the Switcher decides about.
    @Test func `a draft's words stand beside those of the last step`() {
        var drafted = Self.state
        drafted.draft = Generated(text: "so it is 391", stopReason: .paragraph)
        func parts(_ state: SwitcherState) -> (last: ArraySlice<Float>, draft: ArraySlice<Float>) {
            let features = HashedEncoder().encode(state)
            return (features.suffix(96).prefix(48), features.suffix(48))
        }
        #expect(parts(drafted).last == parts(Self.state).last)
        #expect(parts(Self.state).draft.allSatisfy { $0 == 0 })
        #expect(parts(drafted).draft.contains { $0 != 0 })
    }

    @Test func `the question's words stand once more at the first step`() {
        func first(_ index: Int) -> ArraySlice<Float> {
            HashedEncoder().encode(SwitcherState(question: "17 + 25?", stepIndex: index, maxSteps: 8)).suffix(192)
                .prefix(96)
        }
        #expect(first(0).contains { $0 != 0 })
        #expect(first(1).allSatisfy { $0 == 0 })
    }

    /// Golden: a change of these bits needs a new identity.
    @Test func `the features of a state never change under one identity`() {
        let encoder = HashedEncoder()
        #expect(encoder.identity == "hashed-v3-384")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes(of: encoder.encode(Self.state)) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        #expect(hash == 12_118_000_988_163_904_014)
    }

    @Test func `each part of the text has length 1, and none where there is no text`() {
        let encoder = HashedEncoder(bucketCount: 64)
        let features = encoder.encode(Self.state)
        #expect(features.count == encoder.featureCount)
        #expect(encoder.featureNames.count == encoder.featureCount)
        let dense = HashedEncoder.denseNames.count
        for part in [features[dense..<(dense + 32)], features[(dense + 48)..<(dense + 56)]] {
            #expect(abs(part.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
        let empty = encoder.encode(SwitcherState(question: " \n", maxSteps: 1))
        #expect(empty[dense...].allSatisfy { $0 == 0 })
    }

    /// What should make no difference, and what should.
    @Test func `numbers count by their length, words by their letters`() {
        func encode(_ question: String) -> ArraySlice<Float> {
            HashedEncoder().encode(SwitcherState(question: question, maxSteps: 1))[HashedEncoder.denseNames.count...]
        }
        #expect(encode("Add 17 and 25") == encode("add  93 AND 41"))
        #expect(encode("add 17 and 25") != encode("add 1725 and 25"))
        #expect(encode("cat eats dog") != encode("cat eats hog"))
        #expect(encode("7 + 8") != encode("7 * 8"))
    }

    @Test func `the features are finite whatever the state holds`() {
        for bad in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
            let state = SwitcherState(
                question: "\u{0}\u{FFFD}", stepIndex: 9, maxSteps: 0,
                quickLogProbabilities: LogProbabilities(minimum: bad, lowerQuartile: bad, median: bad, mean: bad),
                lastStepTokens: .max, repeats: .max, stepsSinceQuick: .max, emptySteps: .max, deepthinkSteps: .max,
                deepthinkInARow: .max,
                draft: Generated(
                    text: "", stopReason: .interrupted, generatedTokens: .max,
                    logProbabilities: LogProbabilities(minimum: bad, lowerQuartile: bad, median: bad, mean: bad)),
                draftRepeats: .max, remainingBudgetShare: bad, remainingJobShare: bad, dayFraction: bad)
            #expect(HashedEncoder().encode(state).allSatisfy { abs($0) <= 1 }, "\(bad)")
        }
    }

    /// The middle of a very long question is not read: encoding has a bounded cost.
    @Test func `a long question is read at both ends`() {
        func encode(_ middle: String, _ end: String) -> ArraySlice<Float> {
            let filler = String(repeating: "word ", count: 500)
            return HashedEncoder().encode(
                SwitcherState(question: filler + middle + filler + end, maxSteps: 1))[HashedEncoder.denseNames.count...]
        }
        #expect(encode("alpha", "omega") == encode("gamma", "omega"))
        #expect(encode("alpha", "omega") != encode("alpha", "sigma"))
    }

    /// The episode runner hands over the steps; their order and repetition must be seen.
    @Test func `a state follows from the written steps`() {
        func step(_ index: Int, _ role: Role, _ text: String, mean: Double?) -> WrittenStep {
            WrittenStep(
                index: index, role: role,
                generated: Generated(
                    text: text, stopReason: .paragraph, generatedTokens: 7,
                    logProbabilities: mean.map {
                        LogProbabilities(minimum: $0, lowerQuartile: $0, median: $0, mean: $0)
                    }))
        }
        let steps = [
            step(0, .quick, "so x = 2", mean: -0.5), step(1, .deepthink, "no", mean: -0.1),
            step(2, .deepthink, " so x =  2\n", mean: nil),
        ]
        let state = SwitcherState(
            question: "q", steps: steps, maxSteps: 5, remainingBudgetShare: 0.5, dayFraction: 0.1)
        #expect(state.stepIndex == 3)
        #expect(state.lastRole == .deepthink)
        #expect(state.quickLogProbabilities?.mean == -0.5)
        #expect(state.stepsSinceQuick == 2)
        #expect(state.repeats == 1)
        #expect(state.lastStepTokens == 7)
        #expect(state.emptySteps == 1)
        #expect(state.deepthinkSteps == 2)
        #expect(state.deepthinkInARow == 2)
        let draft = Generated(text: "so x =\n2", stopReason: .paragraph)
        let drafted = SwitcherState(
            question: "q", steps: steps + [step(3, .quick, " ", mean: nil)], draft: draft, maxSteps: 5,
            remainingBudgetShare: 0.5, dayFraction: 0.1)
        #expect(drafted.draft == draft)
        #expect(drafted.draftRepeats == 2)
        #expect(drafted.emptySteps == 2)
        #expect(drafted.deepthinkInARow == 0)
        let first = SwitcherState(question: "q", steps: [], maxSteps: 5, remainingBudgetShare: 1, dayFraction: 0)
        #expect(first.lastRole == nil)
        #expect(first.repeats == 0)
        #expect(first.stepsSinceQuick == nil)
        #expect(first.emptySteps == 0)
        #expect(first.draftRepeats == 0)
    }

    /// In an environment the same few actions come again and again: what is seen tells whether they led somewhere.
    @Test func `a state of an environment is what was seen`() {
        func step(_ index: Int, _ text: String, reward: Double = 0) -> WrittenStep {
            WrittenStep(
                index: index, role: .quick, generated: Generated(text: "go forward", stopReason: .endOfTurn),
                observation: Observation(text: text, reward: reward))
        }
        func state(_ steps: [WrittenStep]) -> SwitcherState {
            SwitcherState(
                question: "go to the door", opening: "a hall", steps: steps, maxSteps: 5, remainingBudgetShare: 1,
                dayFraction: 0)
        }
        let moving = state([step(0, "a room"), step(1, "a door")])
        #expect(moving.answer == "a hall\ngo forward\na room\ngo forward\na door")
        #expect(moving.emptySteps == 0)
        #expect(moving.repeats == 0)
        let stuck = state([step(0, "a door"), step(1, "a door"), step(2, "a door")])
        #expect(stuck.emptySteps == 2)
        #expect(stuck.repeats == 2)
        let rewarded = state([step(0, "a door"), step(1, "a door", reward: 0.5), step(2, "a door")])
        #expect(rewarded.emptySteps == 1)
        let turnedBack = state([step(0, "a room"), step(1, "a hall")])
        #expect(turnedBack.repeats == 1)
        #expect(turnedBack.emptySteps == 1)
        #expect(state([step(0, "a hall")]).emptySteps == 1)
        #expect(state([]).answer == "a hall")
        #expect(state([]).repeats == 0)
    }
}
