import Domain

/// What a program says of itself.
package struct EnvironmentCapabilities: Hashable, Decodable, Sendable {
    /// Whether actions can be listed.
    package enum Admissible: String, Codable, Sendable, CaseIterable {
        case fixed = "static"
        case perState = "per-state"
        case none
    }

    package struct RewardRange: Hashable, Decodable, Sendable {
        package let min: Double
        package let max: Double
    }

    package let deterministic: Bool
    package let admissible: Admissible
    package let oracle: Bool
    /// Of one step.
    package let reward: RewardRange
}

/// The result of `initialize`.
struct Introduction: Decodable {
    static let protocolVersion = 1

    let protocolVersion: Int
    let server: String
    let capabilities: EnvironmentCapabilities

    private enum CodingKeys: String, CodingKey {
        case protocolVersion = "protocol_version"
        case server, capabilities
    }
}

/// One of a program's tasks, and the options that select it.
package struct EnvironmentTask: Hashable, Decodable, Sendable {
    package let id: String
    package let options: [String: String]
}

/// The result of `tasks`.
struct TaskList: Decodable {
    let tasks: [EnvironmentTask]
}

/// The result of `reset`.
struct ResetAnswer: Decodable {
    struct Details: Decodable {
        let goal: String
        let maxSteps: Int
        let actions: [String]?

        private enum CodingKeys: String, CodingKey {
            case maxSteps = "max_steps"
            case goal, actions
        }
    }

    let step: Int
    let observation: String
    let info: Details
}

/// The result of `step`.
struct StepAnswer: Decodable {
    struct Details: Decodable {
        let success: Bool
        let actions: [String]?
    }

    let step: Int
    let observation: String
    let reward: Double
    let terminated: Bool
    let truncated: Bool
    let info: Details

    var observed: Observation {
        Observation(
            text: observation, reward: reward, end: terminated ? .terminated : truncated ? .truncated : nil,
            success: info.success)
    }
}

/// The result of `oracle`.
struct OracleAnswer: Decodable {
    let action: String?
}

/// A result without members that matter.
struct NoAnswer: Decodable {}
