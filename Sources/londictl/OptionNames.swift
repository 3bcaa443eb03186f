import Control
import Domain

extension ControlError {
    /// The same error in the words of a command line: a member of the wire that one of the command's options sets is
    /// named by that option.
    func naming(optionsOf command: Command) -> ControlError {
        guard case .invalidArgument(let argument, let value, let remedy) = self,
            let option = command.option(setting: argument)
        else { return self }
        return .invalidArgument(argument: "--\(option)", value: value, remedy: remedy)
    }
}

extension Command {
    /// Members that no option has the name of.
    private static let options = [
        "limits.calls": "deepthink-calls", "limits.tokens": "deepthink-tokens",
        "limits.gpuMilliseconds": "deepthink-gpu-seconds", "switcher.kind": "switcher", "messages": "prompt",
        "amount.calls": "calls", "amount.tokens": "tokens", "amount.gpuMilliseconds": "gpu-seconds",
        "retentionDays": "retention",
        "from": "start", "to": "end", "states": "state", "timeLimitMilliseconds": "time-limit", "afterOK": "after-ok",
        "customID": "custom-id", "row": "by", "column": "by",
    ]

    /// The option that sets a member such as `switcher.explorationRate`; nil where the command has none.
    fileprivate func option(setting member: String) -> String? {
        let name = Self.options[member] ?? Self.hyphenated(member.parts(at: ".").last ?? "")
        return options.first { $0.name == name }?.name
    }

    /// `exploration-rate` of `explorationRate`.
    private static func hyphenated(_ text: Substring) -> String {
        text.unicodeScalars.map { $0.properties.isUppercase ? "-\($0.properties.lowercaseMapping)" : String($0) }
            .joined()
    }
}
