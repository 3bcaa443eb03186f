import Testing

@testable import Episodes

/// The grammar is all that keeps a model from an action that does not exist.
@Suite struct ActionChoices {
    private func grammar(_ actions: [String]?, thinks: Bool = false) -> String {
        ActionChoice(actions: actions).grammar(thinks: thinks)
    }

    @Test func `actions that begin alike share their beginning`() {
        #expect(
            grammar(["turn left", "turn right", "drop"]) == "root ::= \"drop\" | \"turn \" (\"left\" | \"right\")\n")
    }

    @Test func `an action that begins another one may end there`() {
        #expect(grammar(["look", "look around"]) == "root ::= \"look\" (\" around\" | \"\")\n")
    }

    @Test func `twice the same action is one`() {
        #expect(grammar(["wait", "wait"]) == "root ::= \"wait\"\n")
    }

    @Test func `what has a meaning in the grammar is escaped`() {
        #expect(grammar(["say \"a\\b\"\t"]) == "root ::= \"say \\\"a\\\\b\\\"\\t\"\n")
    }

    @Test func `without a list any line is an action`() {
        #expect(grammar(nil) == "root ::= [^\\n]+\n")
    }

    @Test func `who thinks writes lines before`() {
        #expect(
            grammar(["drop"], thinks: true)
                == "root ::= line* \"Action: \" action\nline ::= [^\\n]+ \"\\n\"\naction ::= \"drop\"\n")
    }

    @Test func `an action is what stands behind the last marker, or all`() {
        #expect(ActionChoice.action(in: " go forward\n") == "go forward")
        #expect(ActionChoice.action(in: "Action: left?\nNo.\nAction: right") == "right")
        #expect(ActionChoice.action(in: String(repeating: "é", count: 5000)).utf8.count == 4096)
    }
}
