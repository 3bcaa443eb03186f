import Domain
import FoundationEssentials

/// Follows one stream of a completion: what was written so far, and what that took.
struct CompletionStream {
    /// Log-probabilities below this are the server's way to say zero probability.
    static let lowestLogProbability = -50.0
    /// The most bytes, tokens and log-probabilities of one step together: more than any context holds.
    static let largestStep = 16 * 1024 * 1024

    private let dialect: ServerDialect
    private let began: Duration
    private var parser = EventStreamParser()
    private let decoder = JSONDecoder()
    private(set) var text = ""
    /// Every token written, the withheld and the break included.
    private(set) var tokens: [Int] = []
    /// The last tokens whose text the server has not sent: they may begin a paragraph break.
    private(set) var withheldTokens: [Int] = []
    private(set) var logProbabilities: [Double] = []
    private(set) var timings = CompletionTimings.none
    /// When `timings` was reported; nil before the server has begun: it may be busy with other requests.
    private(set) var reportedAt: Duration?
    /// `eos`, `limit` or `word`; nil while the stream goes on.
    private(set) var stopType: String?
    /// Set once the stream has become useless.
    private(set) var failure: Failure?

    enum Failure: Equatable {
        case refused(status: Int, message: String)
        case notUnderstood(String)
    }

    /// - Parameter began: when the request was sent. A server that tells no times has worked since then.
    init(dialect: ServerDialect = .llama, began: Duration = .zero) {
        self.dialect = dialect
        self.began = began
    }

    /// What was written after the first `count` bytes, which end where an event ended.
    func text(after count: Int) -> String { String(decoding: text.utf8.dropFirst(count), as: UTF8.self) }

    /// Takes in what has arrived. Returns false when reading on is of no use.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, now: Duration) -> Bool {
        do {
            for data in try parser.feed(bytes) where failure == nil {
                for event in try events(data) where failure == nil { try take(event, now: now) }
            }
        } catch is EventStreamParser.TooLong {
            failure = .notUnderstood("an event over \(EventStreamParser.longestEvent) bytes")
        } catch is CompletionsAPI.NoTokens {
            failure = .notUnderstood("it writes text without token_ids, which vLLM has from 0.10.2 on")
        } catch {
            failure = .notUnderstood("\(error)")
        }
        return failure == nil
    }

    private func events(_ data: [UInt8]) throws -> [CompletionEvent] {
        switch dialect {
        case .llama: [try decoder.decode(CompletionEvent.self, from: Data(data))]
        case .completions where data.elementsEqual("[DONE]".utf8): []
        case .completions: try decoder.decode(CompletionsAPI.Chunk.self, from: Data(data)).events()
        }
    }

    private mutating func take(_ event: CompletionEvent, now: Duration) throws {
        if event.error != nil || (event.code != nil && event.message != nil) {
            failure = .refused(
                status: event.error?.code ?? event.code ?? 500,
                message: event.error?.message ?? event.message ?? "no reason given")
            return
        }
        reportedAt = now
        if let progress = event.promptProgress {
            timings.cachedTokens = progress.cache
            timings.promptTokens = progress.processed.subtractingReportingOverflow(progress.cache).partialValue
            timings.promptMilliseconds = progress.milliseconds
            timings = timings.sane
        } else if event.stop != true {
            tokens += event.tokens ?? []
            let content = event.content ?? ""
            text += content
            withheldTokens = content.isEmpty ? withheldTokens + (event.tokens ?? []) : []
            logProbabilities += (event.completionProbabilities ?? []).compactMap(\.logprob).map {
                min(0, max(Self.lowestLogProbability, $0))
            }
            if text.utf8.count + tokens.count + logProbabilities.count > Self.largestStep {
                failure = .notUnderstood("a step over \(Self.largestStep) bytes")
            }
        } else {
            text += event.content ?? ""
            stopType = event.stopType ?? "none"
        }
        if let timings = event.timings { self.timings = timings.sane }
        if dialect != .llama { timings.generatedMilliseconds = (now - began) / .milliseconds(1) }
    }
}
