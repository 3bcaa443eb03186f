/// How a server wants to be spoken to.
enum ServerDialect: Hashable, Sendable {
    /// llama-server's own requests, which its router takes too.
    case llama
    /// OpenAI's completions as vLLM serves them, for prompts and answers of so many tokens together.
    case completions(context: Int)
}
