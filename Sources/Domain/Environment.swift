/// Which environment a job's models act in, and how it begins. The name is a section of londid.conf.
package struct EnvironmentRequest: Hashable, Codable, Sendable {
    package var name: String
    /// All that an episode may depend on besides its options, >= 0; nil: the job's number.
    package var seed: Int64?
    /// What the environment itself is told, such as `level`.
    package var options: [String: String]

    /// The most bytes of all options together: names, texts, and `optionByteOverhead` for each.
    package static let optionByteLimit = 4096
    package static let optionByteOverhead = 8
    /// Every number in it is exact in all readers of JSON.
    package static let seeds: ClosedRange<Int64> = 0...9_007_199_254_740_991

    /// What counts against `optionByteLimit`.
    package var optionByteCount: Int {
        options.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + Self.optionByteOverhead }
    }

    package init(name: String, seed: Int64? = nil, options: [String: String] = [:]) {
        self.name = name
        self.seed = seed
        self.options = options
    }
}

/// How an environment begins an episode.
package struct Opening: Hashable, Codable, Sendable {
    /// What is to be reached.
    package var goal: String
    /// What is seen before the first action.
    package var observation: String
    /// The environment's own limit of accepted actions, >= 1.
    package var maxSteps: Int

    package init(goal: String, observation: String, maxSteps: Int) {
        self.goal = goal
        self.observation = observation
        self.maxSteps = maxSteps
    }
}

/// What an environment answers to an action.
package struct Observation: Hashable, Codable, Sendable {
    package var text: String
    /// This step's alone.
    package var reward: Double
    /// How the environment ended the episode; nil while it goes on.
    package var end: EnvironmentEnd?
    /// The goal is reached.
    package var success: Bool

    package init(text: String, reward: Double = 0, end: EnvironmentEnd? = nil, success: Bool = false) {
        self.text = text
        self.reward = reward
        self.end = end
        self.success = success
    }
}

/// How an environment ends an episode. Gymnasium's words.
package enum EnvironmentEnd: String, Codable, Sendable, CaseIterable {
    /// By what happened in it.
    case terminated
    /// By its step limit.
    case truncated
}
