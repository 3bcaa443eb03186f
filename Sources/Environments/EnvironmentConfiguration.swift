package import Processes

/// An environment's program, as the administrator named it in londid.conf. It runs without a shell, with an empty
/// environment but PATH, LANG and TMPDIR, in its own process group, confined and within limits.
package struct EnvironmentConfiguration: Hashable, Sendable {
    package var name: String
    /// The program's absolute path and its arguments.
    package var path: String
    package var arguments: [String]
    /// Until it has answered `initialize`, and for each `reset`.
    package var startMilliseconds: Int
    /// For each other request.
    package var stepMilliseconds: Int
    /// Address space of each of its processes, in bytes.
    package var memoryBytes: UInt64
    /// Where an episode's state has more admissible actions, models answer freely.
    package var mostActions: Int
    /// How many of the last actions the models are shown.
    package var shownActions: Int
    /// How many of the last observations they are shown, the present one first of all.
    package var shownObservations: Int
    /// DEEPTHINK's steps are the program's oracle's, and its model writes where that knows nothing.
    package var usesOracle: Bool
    /// nil: it may do whatever londid may.
    package var confinement: Confinement?

    package init(
        name: String, path: String, arguments: [String] = [], startMilliseconds: Int = 30_000,
        stepMilliseconds: Int = 10_000, memoryBytes: UInt64 = 8 << 30, mostActions: Int = 1000, shownActions: Int = 2,
        shownObservations: Int = 3, usesOracle: Bool = false,
        confinement: Confinement? = nil
    ) {
        self.name = name
        self.path = path
        self.arguments = arguments
        self.startMilliseconds = startMilliseconds
        self.stepMilliseconds = stepMilliseconds
        self.memoryBytes = memoryBytes
        self.mostActions = mostActions
        self.shownActions = shownActions
        self.shownObservations = shownObservations
        self.usesOracle = usesOracle
        self.confinement = confinement
    }

    var command: ProcessCommand {
        ProcessCommand(
            path: path, arguments: arguments, environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
            memoryBytes: memoryBytes, confinement: confinement)
    }
}
