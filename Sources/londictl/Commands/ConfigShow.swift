import Control

extension Command {
    static let configShow = Command(
        words: ["config", "show"], summary: "Show the configuration that is in force, defaults included",
        examples: ["config show", "config show --parsable -n"], output: .table
    ) { invocation async throws(CommandError) in
        var listing = try Listing<ConfigurationEntry>(
            [Column("key") { $0.key }, Column("value") { $0.value }], invocation)
        let reply = try await Session(invocation).call(ShowConfiguration.self, .init())
        listing.print(reply.entries, of: reply)
        return .ok
    }
}
