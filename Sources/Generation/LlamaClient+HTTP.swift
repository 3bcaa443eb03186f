import Domain
import FoundationEssentials

extension LlamaClient {
    func get<Answer: Decodable>(_ path: String) async throws(GenerationError) -> Answer {
        try decode(try await fetch(path, body: nil))
    }

    func post<Answer: Decodable>(
        _ path: String, _ body: some Encodable, limitBytes: Int = largestAnswerBytes
    ) async throws(GenerationError) -> Answer {
        try decode(try await fetch(path, body: encode(body), limitBytes: limitBytes))
    }

    func fetch(
        _ path: String, body: [UInt8]?, limitBytes: Int = largestAnswerBytes
    ) async throws(GenerationError) -> (status: Int, body: [UInt8]) {
        let request = HTTPRequest(
            endpoint: endpoint, path: path, body: body, timeLimitMilliseconds: requestMilliseconds,
            access: access ?? HTTPAccess())
        do {
            return try await pool.fetch(request, limitBytes: limitBytes)
        } catch {
            switch error {
            case .cancelled: throw .cancelled(partial: Generated(text: "", stopReason: .interrupted))
            case .timeLimit:
                throw .hung(role: role, seconds: requestMilliseconds / 1000)
            case .refusedByReader: throw .badAnswer(role: role, reason: "\(path): an answer over \(limitBytes) bytes")
            case .notReached(let reason): throw .unavailable(role: role, reason: reason)
            case .notTrusted(let reason): throw .notTrusted(role: role, reason: reason)
            case .broken(let reason): throw .serverDied(role: role, reason: reason, partial: nil)
            }
        }
    }

    /// A request as JSON, with the model that it is for where the server has several.
    func encode(_ body: some Encodable) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(Addressed(body: body, model: model)))
        } catch {
            preconditionFailure("a request of numbers and texts is always JSON: \(error)")
        }
    }

    private func decode<Answer: Decodable>(
        _ answer: (status: Int, body: [UInt8])
    ) throws(GenerationError) -> Answer {
        guard answer.status == 200 else { throw error(status: answer.status, answer.body) }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
        } catch {
            throw .badAnswer(role: role, reason: redacted("\(error)"))
        }
    }

    /// What a status other than 200 says.
    func error(status: Int, _ body: [UInt8]) -> GenerationError {
        let message: String
        do {
            let details = try JSONDecoder().decode(ServerRefusal.self, from: Data(body)).error
            if details.type == "exceed_context_size_error", let tokens = details.promptTokens,
                let context = details.context
            {
                return .promptTooLong(role: role, tokens: tokens, context: context)
            }
            message = details.message ?? "no reason given"
        } catch {
            message = String(decoding: body.prefix(500), as: UTF8.self)
        }
        switch status {
        case 401, 403: return .keyRefused(role: role, hasKey: access?.key != nil, reason: redacted(message))
        case _ where access != nil && (status == 429 || status == 503):
            return .unavailable(role: role, reason: "the server answered \(status): \(redacted(message))")
        default: return .http(role: role, status: status, message: redacted(message))
        }
    }

    /// A server's words as they may be shown.
    func redacted(_ words: String) -> String { access?.key?.redacting(words) ?? words }
}

/// A request for one of a server's models.
private struct Addressed<Body: Encodable>: Encodable {
    let body: Body
    let model: String?

    private enum CodingKeys: CodingKey { case model }

    func encode(to encoder: any Encoder) throws {
        try body.encode(to: encoder)
        guard let model else { return }
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(model, forKey: .model)
    }
}
