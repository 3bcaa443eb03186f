import Domain

/// How few tokens a text can have, by the longest tokens of a vocabulary. Blanks do not count: some tokens swallow all that
/// stand beside them.
struct PromptBound: Equatable, Sendable {
    /// The most bytes but blanks that one token stands for, >= 1.
    var bytesPerToken: Int
    /// The most ASCII letters that one token stands for, >= 1.
    var lettersPerToken: Int

    /// For a vocabulary that is not known: no chat model has a token of more bytes.
    static let anyTokenizer = PromptBound(bytesPerToken: 1024, lettersPerToken: 1024)

    /// No fewer tokens than these stand for the texts together.
    func leastTokens(of texts: [String]) -> Int {
        var (bytes, letters) = (0, 0)
        for text in texts {
            var text = text
            text.withUTF8 { utf8 in
                for byte in utf8 where byte != 0x20 && !(0x09...0x0d).contains(byte) {
                    bytes += 1
                    if (0x61...0x7a).contains(byte | 0x20) { letters += 1 }
                }
            }
        }
        return max(bytes / bytesPerToken, letters / lettersPerToken)
    }

    /// - Parameters:
    ///   - tokenizer: as `tokenizer.ggml.model` names it; only of two kinds is it known that no text is left out.
    ///   - vocabulary: as GGUF has it: each scalar of `gpt2` is a byte; of `llama` a blank is U+2581.
    init?(tokenizer: String?, longest: TokenLengths) {
        switch tokenizer {
        case "gpt2": self.init(bytesPerToken: max(1, longest.scalars), lettersPerToken: max(1, longest.letters))
        case "llama": self.init(bytesPerToken: max(1, longest.bytes), lettersPerToken: max(1, longest.letters))
        default: return nil
        }
    }

    init(bytesPerToken: Int, lettersPerToken: Int) {
        self.bytesPerToken = bytesPerToken
        self.lettersPerToken = lettersPerToken
    }
}

/// The greatest lengths among a vocabulary's tokens.
struct TokenLengths: Equatable {
    private(set) var bytes = 0
    private(set) var scalars = 0
    /// ASCII letters.
    private(set) var letters = 0

    mutating func take(_ token: [UInt8]) {
        bytes = max(bytes, token.count)
        scalars = max(scalars, token.count { $0 & 0xc0 != 0x80 })
        letters = max(letters, token.count { (0x61...0x7a).contains($0 | 0x20) && $0 < 0x80 })
    }
}
