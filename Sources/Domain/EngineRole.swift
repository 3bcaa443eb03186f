/// What a model server is there for.
package enum EngineRole: String, Codable, Sendable, CaseIterable {
    /// It writes QUICK's steps.
    case quick
    /// It writes DEEPTHINK's steps.
    case deepthink
    /// It turns texts into numbers for the Switcher. Most machines have none.
    case encoder

    /// The server of whoever writes a step.
    package init(_ role: Role) {
        self = role == .quick ? .quick : .deepthink
    }
}
