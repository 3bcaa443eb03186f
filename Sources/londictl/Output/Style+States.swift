import Control
import Domain

extension JobState {
    /// How a state looks on a terminal.
    var style: Style? {
        switch self {
        case .pending: nil
        case .held: .warning
        case .running: .active
        case .completed: .good
        case .failed, .timeout: .bad
        case .cancelled: .faint
        }
    }
}

extension Role {
    /// How the model that wrote a step looks on a terminal.
    var style: Style? { self == .deepthink ? .deepthink : .active }
}

extension EngineState {
    /// How the state of a model's server looks on a terminal.
    var style: Style? {
        switch self {
        case .starting: .warning
        case .ready: .good
        case .unavailable: .bad
        case .stopped: .faint
        }
    }
}
