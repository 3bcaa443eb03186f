import Domain

extension EngineCore {
    /// A server that refuses so few tokens refuses them for another reason than their number.
    private static let leastTokens = 32

    /// As `EmbeddingModel.embed`.
    func embed(_ text: String) async throws(GenerationError) -> [Float]? {
        do throws(GenerationError) {
            return try await ask(text) { connection throws(GenerationError) in try await embedding(of: text, connection)
            }
        } catch {
            switch error {
            case .cancelled, .unavailable, .serverDied, .hung, .lostTogether: throw error
            default: throw .unavailable(role: role, reason: "\(error)")
            }
        }
    }

    private func embedding(of text: String, _ connection: Connection) async throws(GenerationError) -> [Float]? {
        let tokens = try await connection.client.tokenize(text)
        if tokens.isEmpty { return nil }
        var limit = connection.context - 1
        while true {
            do throws(GenerationError) {
                return try await connection.client.embedding(of: withoutMiddle(tokens, limit: limit))
            } catch  where error.saysTooLong && limit > Self.leastTokens {
                // Someone else's server may take fewer at once than its context holds.
                limit = min(limit, tokens.count) / 2
            }
        }
    }
}

/// The first and the last half of `limit` tokens; all of them where there are no more. What a model puts around a text
/// stays.
func withoutMiddle(_ tokens: [Int], limit: Int) -> [Int] {
    guard tokens.count > limit else { return tokens }
    return Array(tokens.prefix(limit - limit / 2) + tokens.suffix(limit / 2))
}

extension GenerationError {
    /// The server has not refused the request, but its size.
    fileprivate var saysTooLong: Bool {
        switch self {
        case .promptTooLong: true
        case .http(_, _, let message): message.holds("too large")
        default: false
        }
    }
}
