import Domain

extension EnvironmentRequest {
    /// Reads `{"name": ..., "seed": ..., "options": {...}}`, with errors for people.
    /// - Throws: `.invalidArgument` whose argument is the member's path from `path`.
    init(json: JSONValue, path: String) throws(ControlError) {
        func wrong(_ member: String, _ value: JSONValue?, _ remedy: String) -> ControlError {
            .invalidArgument(
                argument: member.isEmpty ? path : "\(path).\(member)",
                value: value.map { JSONText.text(of: $0) } ?? "missing", remedy: remedy)
        }
        guard let members = json.object else {
            throw wrong("", json, "use an object such as {\"name\": \"babyai-text\", \"seed\": 7}")
        }
        if let extra = members.keys.filter({ !["name", "seed", "options"].contains($0) }).min() {
            throw wrong(extra, members[extra], "an environment takes name, seed and options")
        }
        guard let name = members["name"]?.string, !name.isEmpty else {
            throw wrong("name", members["name"], "name a section [Environment NAME] of londid.conf")
        }
        self.init(name: name)
        if let value = members["seed"], value != .null {
            guard let seed = value.integer else { throw wrong("seed", value, "use a whole number such as 7") }
            self.seed = seed
        }
        if let value = members["options"], value != .null {
            guard let given = value.object else { throw wrong("options", value, "use an object of texts") }
            for (option, text) in given {
                guard let text = text.string else { throw wrong("options.\(option)", text, "use a text") }
                options[option] = text
            }
        }
    }
}
