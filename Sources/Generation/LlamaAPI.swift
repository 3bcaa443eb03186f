import Domain
import FoundationEssentials

/// The requests that llama-server understands, as far as Londi needs them.
/// - Source: llama.cpp, tools/server/README.md (build b11434).
enum LlamaAPI {
    struct ApplyTemplate: Encodable {
        let messages: [Message]
        let addGenerationPrompt = true

        enum CodingKeys: String, CodingKey {
            case messages, addGenerationPrompt = "add_generation_prompt"
        }
    }

    struct Prompt: Decodable {
        let prompt: String
    }

    struct Tokenize: Encodable {
        let content: String
        let addSpecial: Bool
        let parseSpecial = true
        let withPieces = true

        enum CodingKeys: String, CodingKey {
            case content, addSpecial = "add_special", parseSpecial = "parse_special", withPieces = "with_pieces"
        }
    }

    struct Tokens: Decodable {
        let tokens: [Token]
    }

    struct Token: Decodable {
        let id: Int
        /// nil where the token is no whole text: then the server lists bytes.
        let piece: String?

        enum CodingKeys: String, CodingKey { case id, piece }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            id = try members.decode(Int.self, forKey: .id)
            if case .string(let text) = try members.decodeIfPresent(JSONValue.self, forKey: .piece) {
                piece = text
            } else {
                piece = nil
            }
        }
    }

    struct Detokenize: Encodable {
        let tokens: [Int]
    }

    struct Text: Decodable {
        let content: String
    }

    struct Completion: Encodable {
        let prompt: [Int]
        let tokenLimit: Int
        let temperature: Double
        let seed: UInt32
        let topP: Double
        let stop: [String]
        let grammar: String?
        let probabilityCount = 1
        let stream = true
        let cachePrompt = true
        let returnProgress = true
        let timingsPerToken = true

        enum CodingKeys: String, CodingKey {
            case prompt, temperature, seed, stop, grammar, stream
            case tokenLimit = "n_predict"
            case topP = "top_p"
            case probabilityCount = "n_probs"
            case cachePrompt = "cache_prompt"
            case returnProgress = "return_progress"
            case timingsPerToken = "timings_per_token"
        }
    }

    struct Embed: Encodable {
        let input: [Int]
        let encodingFormat = "float"

        enum CodingKeys: String, CodingKey {
            case input, encodingFormat = "encoding_format"
        }
    }

    struct Embeddings: Decodable {
        let data: [Item]

        struct Item: Decodable {
            let embedding: [Float]
        }
    }

    /// What `/props` says about the server.
    struct Properties: Decodable, Equatable, Sendable {
        let modelPath: String
        let settings: Settings

        struct Settings: Decodable, Equatable, Sendable {
            /// Tokens of one slot.
            let context: Int

            enum CodingKeys: String, CodingKey { case context = "n_ctx" }
        }

        enum CodingKeys: String, CodingKey {
            case modelPath = "model_path", settings = "default_generation_settings"
        }
    }
}
