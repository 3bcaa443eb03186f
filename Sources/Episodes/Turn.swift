import Domain

/// What the model that writes the next step gets: the same for both.
struct Turn: Sendable {
    var messages: [Message]
    /// What it goes on with.
    var answer: String
    /// Between which actions it chooses; nil where it does not act.
    var choice: ActionChoice?
}
