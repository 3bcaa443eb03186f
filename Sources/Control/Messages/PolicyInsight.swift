package import Domain

/// A policy and what it would have come to in the logged jobs.
package struct EvaluationView: Hashable, Codable, Sendable {
    /// A kind of switcher, such as fitted-q or always-quick.
    package var policy: SwitcherKind
    /// The price of a call at which a policy that learns decides.
    package var cost: Double
    /// The parameter of a random or threshold switcher.
    package var parameter: Double?
    /// Doubly robust.
    package var estimate: PolicyEstimate
    /// By importance sampling alone; null where no logged job went the policy's way.
    package var importanceSampled: PolicyEstimate?
    /// Its calls as a share of those that always calling DEEPTHINK would make.
    package var callShare: Double?

    package init(
        policy: SwitcherKind, cost: Double, parameter: Double? = nil, estimate: PolicyEstimate,
        importanceSampled: PolicyEstimate? = nil, callShare: Double? = nil
    ) {
        self.policy = policy
        self.cost = cost
        self.parameter = parameter
        self.estimate = estimate
        self.importanceSampled = importanceSampled
        self.callShare = callShare
    }
}

/// Estimates off-policy, from the logged jobs and the odds of their choices, what a policy would come to: what the queue
/// learns at a price, or a baseline, with at most so many DEEPTHINK calls a job. The baselines come along.
package enum EvaluatePolicy: ControlMethod {
    package static let name = "io.londi.EvaluatePolicy"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// The price of a call; null: the queue's.
        package var cost: Double?
        /// The most DEEPTHINK calls of a job; null: no limit.
        package var budget: Int?
        /// null: the queue's.
        package var kind: SwitcherKind?
        /// Of a random or threshold switcher; null: the queue's.
        package var parameter: Double?

        package init(
            queue: QueueName, cost: Double? = nil, budget: Int? = nil, kind: SwitcherKind? = nil,
            parameter: Double? = nil
        ) {
            self.queue = queue
            self.cost = cost
            self.budget = budget
            self.kind = kind
            self.parameter = parameter
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// The policy that was asked for first, then always-quick and always-deepthink.
        package var policies: [EvaluationView]

        package init(policies: [EvaluationView]) {
            self.policies = policies
        }
    }
}

/// What a queue's way of learning would come to over a sweep of prices, with the baselines: score against calls.
package enum CurvePolicy: ControlMethod {
    package static let name = "io.londi.CurvePolicy"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName

        package init(queue: QueueName) {
            self.queue = queue
        }
    }

    package typealias Reply = EvaluatePolicy.Reply
}

/// How often each model wrote the steps of one cell of a heat-map.
package struct HeatCell: Hashable, Codable, Sendable {
    /// Indices of the rows and columns.
    package var row: Int
    package var column: Int
    package var quick: Int
    package var deepthink: Int

    package init(row: Int, column: Int, quick: Int, deepthink: Int) {
        self.row = row
        self.column = column
        self.quick = quick
        self.deepthink = deepthink
    }
}

/// Where DEEPTHINK is called: the newest written steps, counted by something that they show and by where they stand. Members
/// see their own jobs' alone.
package enum MapPolicy: ControlMethod {
    package static let name = "io.londi.MapPolicy"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// A readable feature, or a member of the jobs' body.metadata; null: room or family where jobs have such, else
        /// the question's length.
        package var row: String?
        /// step or budget; null: step.
        package var column: String?

        package init(queue: QueueName, row: String? = nil, column: String? = nil) {
            self.queue = queue
            self.row = row
            self.column = column
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// What the rows and columns are.
        package var row: String
        package var column: String
        package var rows: [String]
        package var columns: [String]
        /// Those with a step.
        package var cells: [HeatCell]

        package init(row: String, column: String, rows: [String], columns: [String], cells: [HeatCell]) {
            self.row = row
            self.column = column
            self.rows = rows
            self.columns = columns
            self.cells = cells
        }
    }
}
